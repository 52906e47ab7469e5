import { setTimeout as pause } from 'node:timers/promises';
import { holdLoad, rdkafkaProduce } from '../harness/clients.ts';
import { residentBytes } from '../harness/process-usage.ts';
import { targetOf } from '../harness/runner.ts';
import type { Figures, Workload } from '../harness/workload.ts';

const connections = 10_000;
const laterMs = 10 * 60_000;

export const memory: Workload = {
  number: 13,
  name: 'memory',
  title: 'resident memory of the broker',
  cases: () => [
    { name: 'idle', shows: { residentMegabytes: { absoluteAtMost: 90 } } },
    { name: 'idle connections', shows: { kibibytesPerConnection: { absoluteAtMost: 12 } } },
    { name: 'after workload 1', shows: { residentMegabytes: { absoluteAtMost: 200 } } },
    { name: 'ten minutes later', shows: { residentMegabytes: {} } },
  ],
  whole: async ({ peer, make }, size) => {
    const broker = await make();
    try {
      await broker.process.start();
      const target = targetOf(peer, broker);
      const resident = (): Figures => ({ residentMegabytes: residentBytes(target.pid) / 1e6 });
      await pause(size === 'full' ? 5000 : 1000);
      const idle = resident();
      const count = size === 'full' ? connections : 500;
      const perConnection = await heldConnections(target.pid, target.address, count);
      const topic = await target.newTopic(6);
      await rdkafkaProduce({
        ...{ broker: target.address, topic, records: size === 'full' ? 2_000_000 : 50_000 },
        properties: { 'batch.size': 131_072, 'linger.ms': 5 },
      });
      const loaded = resident();
      await pause(size === 'full' ? laterMs : 1000);
      return {
        idle,
        'idle connections': { kibibytesPerConnection: perConnection },
        'after workload 1': loaded,
        'ten minutes later': resident(),
      };
    } finally {
      await broker.process.stop('SIGKILL');
    }
  },
};

/** KiB of resident memory that each held connection adds. */
async function heldConnections(pid: number, broker: string, count: number): Promise<number> {
  const before = residentBytes(pid);
  const child = await holdLoad('idle', { broker, connections: count });
  try {
    await pause(2000);
    return (residentBytes(pid) - before) / 1024 / count;
  } finally {
    child.stdin?.end('\n');
    await new Promise((resolve) => child.once('exit', resolve));
  }
}
