import { load } from '../harness/clients.ts';
import type { Workload } from '../harness/workload.ts';

export const latency: Workload = {
  number: 8,
  name: 'latency',
  title: 'end to end, acks=all, one consumer; a request each millisecond',
  cases: (size) =>
    [1, 10].map((records) => ({
      name: `${records * 1000} records/s`,
      shows: { p50Ms: { atMost: 0.5 }, p99Ms: { atMost: 0.7 }, ackP50Ms: {}, ackP99Ms: {} },
      prepare: ({ newTopic }) => newTopic(1),
      drive: ({ address: broker }, topic) => {
        const seconds = size === 'full' ? 5 : 2;
        const shape = { seconds, rate: records * 1000, records, 'record-bytes': 100 };
        return load('tail', { broker, topic, ...shape });
      },
    })),
};
