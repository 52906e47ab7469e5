import { load } from '../harness/clients.ts';
import type { Case, Size, Workload } from '../harness/workload.ts';

const partitions = 6;
const shows = { cpuPerRequestUs: { atMost: 0.4 }, requestsPerSecond: { atLeast: 1 }, p99Ms: {} };

/** What `flush.messages=1` asks for: an acknowledgement means that it is on the disk. */
function synced(connections: number, size: Size): Case {
  return {
    name: `flush.messages=1, ${connections} connection${connections === 1 ? '' : 's'}`,
    shows,
    prepare: ({ newTopic }) => newTopic(partitions, { 'flush.messages': '1' }),
    drive: ({ address: broker }, topic) => {
      const requests = size === 'quick' ? 200 : connections === 1 ? 2000 : 10_000;
      return load('produce', { broker, topic, partitions, connections, requests });
    },
  };
}

export const durability: Workload = {
  number: 9,
  name: 'durability',
  title: 'idempotent produce; every acknowledgement flushed',
  peers: ['odradek', 'apache'], // kfake knows no such promise
  cases: (size) => [
    {
      name: 'idempotent, 16 KiB batches',
      shows,
      prepare: ({ newTopic }) => newTopic(partitions),
      drive: ({ address: broker }, topic) => {
        const requests = size === 'full' ? 30_000 : 1_000;
        const shape = { partitions, requests, records: 15, connections: 2, inflight: 5 };
        return load('produce', { broker, topic, idempotent: true, ...shape });
      },
    },
    ...[1, 16, 100].map((connections) => synced(connections, size)),
  ],
};
