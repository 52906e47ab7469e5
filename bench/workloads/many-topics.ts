import { load } from '../harness/clients.ts';
import type { Case, Size, Workload } from '../harness/workload.ts';

function spread(topics: number, partitions: number, size: Size): Case {
  return {
    name: `${topics} topics x ${partitions}`,
    shows: { cpuPerRequestUs: { atMost: 0.5 }, requestsPerSecond: {}, p99Ms: {} },
    prepare: async ({ address: broker }) => {
      const topic = `many-${topics}`;
      await load('topics', { broker, topic, partitions, count: topics, 'at-a-time': 50 });
      // So that files are there already: the first append to a partition is another matter.
      await load('produce', { broker, topic, topics, partitions, requests: topics * partitions });
      return topic;
    },
    drive: ({ address: broker }, topic) => {
      const requests = size === 'full' ? 60_000 : 2_000;
      const shape = { topics, partitions, requests, connections: 4, inflight: 5, records: 4 };
      return load('produce', { broker, topic, ...shape });
    },
  };
}

export const manyTopics: Workload = {
  number: 5,
  name: 'many-topics',
  title: 'produce batches of four 1 KiB records, spread over a thousand partitions',
  cases: (size) =>
    size === 'full'
      ? [spread(100, 10, size), spread(1000, 1, size)]
      : [spread(10, 10, size), spread(100, 1, size)],
};
