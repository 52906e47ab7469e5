import { load } from '../harness/clients.ts';
import type { Workload } from '../harness/workload.ts';

export const topicCreation: Workload = {
  number: 11,
  name: 'topic-creation',
  title: 'create topics of one partition, until each serves',
  cases: (size) =>
    [1, 100].map((atATime) => {
      const count = size === 'full' ? 1000 : 100;
      return {
        name: `${count}, ${atATime} at a time`,
        shows: { seconds: { atMost: 0.2 }, cpuPerRequestUs: {} },
        drive: ({ address: broker }) => {
          const topic = `created-${atATime}`;
          return load('topics', { broker, topic, count, 'at-a-time': atATime });
        },
      };
    }),
};
