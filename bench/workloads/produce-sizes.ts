import { rdkafkaProduce } from '../harness/clients.ts';
import type { Case, Workload } from '../harness/workload.ts';

const partitions = 6;

function ofSize(name: string, recordBytes: number, records: number): Case {
  return {
    name,
    shows: {
      cpuPerMillionRecords: { atMost: 0.5, kfakeAtMost: 0.8 },
      megabytesPerSecond: { atLeast: 1.2, kfakeAtLeast: 1.1 },
    },
    prepare: ({ newTopic }) => newTopic(partitions),
    drive: ({ address }, topic) =>
      rdkafkaProduce({
        ...{ broker: address, topic, records, recordBytes },
        properties: { 'linger.ms': 5 },
      }),
  };
}

export const produceSizes: Workload = {
  number: 3,
  name: 'produce-sizes',
  title: 'produce records of 100 bytes and of 10 KiB, acks=all, 6 partitions',
  cases: (size) => [
    ofSize('100 bytes', 100, size === 'full' ? 3_000_000 : 200_000),
    ofSize('10 KiB', 10_240, size === 'full' ? 100_000 : 5_000),
  ],
};
