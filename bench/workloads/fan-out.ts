import { load } from '../harness/clients.ts';
import type { Workload } from '../harness/workload.ts';

export const fanOut: Workload = {
  number: 7,
  name: 'fan-out',
  title: 'one producer at 10 MB/s, tailing consumers that each read all of it',
  cases: (size) =>
    [1, 10, 100].map((consumers) => ({
      name: `${consumers} consumer${consumers === 1 ? '' : 's'}`,
      shows: { cpuPerSecond: { atMost: 0.7 }, p99Ms: { atMost: 0.7 }, p50Ms: {} },
      prepare: ({ newTopic }) => newTopic(1),
      drive: ({ address: broker }, topic) => {
        const seconds = size === 'full' ? 5 : 2;
        return load('tail', { broker, topic, consumers, seconds, rate: 10_000, records: 10 });
      },
    })),
};
