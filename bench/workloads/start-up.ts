import { firstProduce } from '../harness/first-produce.ts';
import { load } from '../harness/clients.ts';
import type { PeerBroker } from '../harness/peers.ts';
import type { Case, Figures, Workload } from '../harness/workload.ts';

const empty = 'empty';
const full = '1,000 partitions and 1 GiB';
const killed = 'the same after kill -9';

const one = (name: string, absoluteAtMost?: number): Case => ({
  name,
  shows: { seconds: { atMost: 0.1, ...(absoluteAtMost !== undefined && { absoluteAtMost }) } },
});

export const startUp: Workload = {
  number: 12,
  name: 'start-up',
  title: 'from the start of the process to the first acknowledged produce',
  peers: ['odradek', 'apache'],
  cases: () => [one(empty, 0.15), one(full), one(killed)],
  whole: async ({ make, lastSignal }, size) => {
    const broker = await make({ waits: false });
    const found: Record<string, Figures> = {};
    try {
      found[empty] = await timedStart(broker);
      await fill(broker, size === 'full' ? 1000 : 50);
      await broker.process.stop('SIGTERM');
      found[full] = await timedStart(broker);
      await fill(broker, 0);
      await broker.process.stop('SIGKILL');
      found[killed] = await timedStart(broker);
    } finally {
      await broker.process.stop(lastSignal);
    }
    return found;
  },
};

async function timedStart({ process, address }: PeerBroker): Promise<Figures> {
  const begin = performance.now();
  const started = process.start();
  const produced = firstProduce(address).then(() => (performance.now() - begin) / 1000);
  const [seconds] = await Promise.all([produced, started]);
  return { seconds };
}

/** A MiB for each of that many partitions, and some more for what the kill shall find unclosed. */
async function fill({ address: broker }: PeerBroker, partitions: number): Promise<void> {
  if (partitions > 0) {
    await load('topics', { broker, topic: 'fill', partitions, single: true });
    const requests = partitions * 64;
    await load('produce', {
      broker,
      topic: 'fill',
      partitions,
      requests,
      records: 16,
      inflight: 5,
    });
  } else {
    const shape = { requests: 2000, records: 16, inflight: 5 };
    await load('produce', { broker, topic: 'fill', partitions: 50, ...shape });
  }
}
