import { setTimeout as pause } from 'node:timers/promises';
import { load } from '../harness/clients.ts';
import { residentBytes } from '../harness/process-usage.ts';
import type { Size, Target, Workload } from '../harness/workload.ts';

const partitions = 200;

export const mixed: Workload = {
  number: 14,
  name: 'mixed',
  title:
    '20 MB/s into 200 partitions, 4 groups that each consume all of it, compaction and retention at work',
  settings: {
    'log.retention.check.interval.ms': '5000',
    'log.cleaner.backoff.ms': '1000',
    'log.segment.delete.delay.ms': '5000',
  },
  cases: (size) => [
    {
      name: size === 'full' ? '2 minutes' : '5 seconds',
      shows: {
        maxMs: { absoluteAtMost: 50 },
        p99Ms: {},
        cpuPerSecond: {},
        rssGrowthMegabytes: { absoluteAtMost: 20 },
      },
      prepare: async ({ newTopic }) =>
        newTopic(partitions, {
          'retention.bytes': '2097152',
          'segment.bytes': '1048576',
        }),
      drive: (target, topic) => drive(target, topic, size),
    },
  ],
};

async function drive({ address: broker, pid, newTopic }: Target, topic: string, size: Size) {
  const seconds = size === 'full' ? 120 : 5;
  let early = 0;
  const watched = pause((seconds / 4) * 1000).then(() => (early = residentBytes(pid)));
  const compacted = await newTopic(1, {
    ...{ 'cleanup.policy': 'compact', 'segment.bytes': '1048576' },
    'min.cleanable.dirty.ratio': '0.1',
  });
  // 1 MB/s with 256 keys: the cleaner always finds something.
  const keyed = { requests: seconds * 50, interval: '20ms', records: 20, keyed: true };
  const produced = { partitions, seconds, rate: 20_000, records: 20 };
  // No stall may go unseen, but for what the first fetches of all take.
  const consumed = { consumers: 4, group: topic, skip: '1s' };
  const [run] = await Promise.all([
    load('tail', { broker, topic, ...produced, ...consumed }),
    load('produce', { broker, topic: compacted, ...keyed }),
    watched,
  ]);
  return { ...run, rssGrowthMegabytes: (residentBytes(pid) - early) / 1e6 };
}
