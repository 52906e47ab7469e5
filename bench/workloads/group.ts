import { load } from '../harness/clients.ts';
import type { Workload } from '../harness/workload.ts';

const partitions = 100;

export const group: Workload = {
  number: 10,
  name: 'group',
  title: 'members join a classic group one at a time; then one leaves, and one is killed',
  cases: (size) => [
    {
      name: `${size === 'full' ? 50 : 5} members`,
      shows: {
        joinSeconds: { atMost: 0.5 },
        leaveSeconds: {},
        killSeconds: { atMost: 0.5 }, // the session timeout of six seconds is most of it
      },
      prepare: ({ newTopic }) => newTopic(partitions),
      drive: ({ address: broker }, topic) => {
        const members = size === 'full' ? 50 : 5;
        return load('group', { broker, topic, partitions, members, group: topic });
      },
    },
  ],
};
