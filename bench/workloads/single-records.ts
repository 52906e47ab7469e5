import { load } from '../harness/clients.ts';
import type { Workload } from '../harness/workload.ts';

const partitions = 6;

export const singleRecords: Workload = {
  number: 4,
  name: 'single-records',
  title: 'one record per request, acks=all, one request under way per connection',
  cases: (size) =>
    [1, 16, 100, 1000].map((connections) => ({
      name: `${connections} connection${connections === 1 ? '' : 's'}`,
      shows: {
        cpuPerRequestUs: { atMost: 0.4, kfakeAtMost: 0.8 },
        p99Ms: { atMost: 0.7 },
        p50Ms: {},
        requestsPerSecond: { kfakeAtLeast: 1.1 },
      },
      prepare: ({ newTopic }) => newTopic(partitions),
      drive: ({ address: broker }, topic) => {
        const requests = size === 'quick' ? 2000 : connections === 1 ? 20_000 : 200_000;
        return load('produce', { broker, topic, partitions, connections, requests });
      },
    })),
};
