import { rdkafkaProduce } from '../harness/clients.ts';
import type { Workload } from '../harness/workload.ts';

const partitions = 6;

export const produceSmall: Workload = {
  number: 2,
  name: 'produce-16k',
  title: 'produce 1 KiB records, acks=all, batches of 16 KiB, 6 partitions',
  cases: (size) => [
    {
      name: 'none, librdkafka',
      shows: {
        cpuPerGiB: { atMost: 0.2, kfakeAtMost: 0.8 },
        megabytesPerSecond: { atLeast: 2, kfakeAtLeast: 1.1 },
      },
      prepare: ({ newTopic }) => newTopic(partitions),
      drive: ({ address }, topic) =>
        rdkafkaProduce({
          ...{ broker: address, topic, records: size === 'full' ? 500_000 : 50_000 },
          properties: { 'batch.size': 16_384, 'linger.ms': 5 },
        }),
    },
  ],
};
