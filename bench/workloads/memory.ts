import { setTimeout as pause } from 'node:timers/promises';
import { holdLoad, rdkafkaProduce } from '../harness/clients.ts';
import { residentBytes } from '../harness/process-usage.ts';
import { targetOf } from '../harness/runner.ts';
import type { Figures, Size, Target, WholeRun, Workload } from '../harness/workload.ts';
import { partitions, produceRaw, quickly } from './produce-batches.ts';
import { bigBatches } from './produce-big.ts';

const connections = 10_000;

const later = (size: Size) =>
  size === 'full'
    ? { name: 'ten minutes later', ms: 10 * 60_000 }
    : { name: 'a second later', ms: 1000 };

export const memory: Workload = {
  number: 13,
  name: 'memory',
  title: 'resident memory of the broker',
  cases: (size) => [
    { name: 'idle', shows: { residentMegabytes: { absoluteAtMost: 90 } } },
    { name: 'idle connections', shows: { kibibytesPerConnection: { absoluteAtMost: 12 } } },
    { name: 'after workload 1', shows: { residentMegabytes: { absoluteAtMost: 200 } } },
    { name: later(size).name, shows: { residentMegabytes: {} } },
  ],
  isSideBySide: true,
  whole: async (bench, size) => {
    const { broker, pid, found } = await bench.alone(() => loaded(bench, size));
    const { name, ms } = later(size);
    await pause(ms);
    const last = resident(pid);
    await broker.process.stop(bench.lastSignal);
    return { ...found, [name]: last };
  },
};

const resident = (pid: number): Figures => ({ residentMegabytes: residentBytes(pid) / 1e6 });

/** Everything up to the long wait; the broker still runs then. */
async function loaded({ peer, make }: WholeRun, size: Size) {
  const broker = await make();
  try {
    await broker.process.start();
    const target = targetOf(peer, broker);
    const { pid } = target;
    await pause(size === 'full' ? 5000 : 1000);
    const idle = resident(pid);
    const count = size === 'full' ? connections : 500;
    const kibibytesPerConnection = await heldConnections(pid, target.address, count);
    await produceAll(target, size);
    const found = {
      idle,
      'idle connections': { kibibytesPerConnection },
      'after workload 1': resident(pid),
    };
    return { broker, pid, found };
  } catch (error) {
    await broker.process.stop('SIGKILL');
    throw error;
  }
}

/** What workload 1 does, half as much of each codec. */
async function produceAll(target: Target, size: Size): Promise<void> {
  const shape = quickly({ ...bigBatches, requests: bigBatches.requests / 2 }, size);
  await rdkafkaProduce({
    ...{ broker: target.address, topic: await target.newTopic(partitions) },
    records: shape.records,
    properties: { 'batch.size': shape.batchBytes, 'linger.ms': 5 },
  });
  for (const codec of ['none', 'lz4', 'zstd', 'gzip', 'snappy']) {
    await produceRaw(target, await target.newTopic(partitions), codec, shape);
  }
}

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
