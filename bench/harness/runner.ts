import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { load } from './clients.ts';
import { figuresOf, oursAlone, units } from './figures.ts';
import { LoopWatch } from './loop-delay.ts';
import { peers, type PeerBroker, type PeerName, type PeerOptions } from './peers.ts';
import { residentBytes, usageOf } from './process-usage.ts';
import { takeTurns, turnsOf, type Alone, type Turn } from './turns.ts';
import type { Case, Figures, Size, Target, WholeRun, Workload } from './workload.ts';

/** One broker's run of one case in one round. */
export interface Sample {
  readonly peer: PeerName;
  readonly round: number;
  readonly case: string;
  readonly figures: Figures;
}

export interface RunOptions {
  readonly peers: readonly PeerName[];
  readonly rounds: number;
  readonly size: Size;
  /** Folder for profiles of Odradek, when they are wanted. */
  readonly profileFolder?: string | undefined;
  /** Only cases whose names hold one of these. */
  readonly only?: readonly string[] | undefined;
  readonly progress: (line: string) => void;
}

/** Runs a workload on every broker, round by round. */
export async function runWorkload(workload: Workload, options: RunOptions): Promise<Sample[]> {
  const able = options.peers.filter((peer) => workload.peers?.includes(peer) ?? true);
  const cases = await ableCases(workload, options);
  const samples: Sample[] = [];
  const take = async (turn: Turn, alone: Alone) => {
    const folder = mkdtempSync(join(tmpdir(), 'odradek-bench-'));
    try {
      const found = await (workload.whole === undefined
        ? runCases(workload, cases, turn.peer, folder, options)
        : runWhole(workload, turn.peer, folder, options, alone));
      for (const [name, figures] of Object.entries(found)) {
        samples.push({ ...turn, case: name, figures });
      }
    } catch (error) {
      options.progress(`  ${turn.peer} failed: ${(error as Error).message}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const how = {
    isSideBySide: workload.isSideBySide === true,
    begin: ({ round, peer }: Turn) =>
      options.progress(`${workload.name}: round ${round + 1}, ${peer}`),
    settle: () => execFileSync('sync'), // what is still to be written shall not weigh on the next one
  };
  await takeTurns(turnsOf(able, options.rounds), how, take);
  return samples;
}

export const isWanted = ({ name }: Case, { only }: Pick<RunOptions, 'only'>): boolean =>
  only === undefined || only.some((text) => name.includes(text));

/** The cases that are wanted and can be driven on this machine. */
async function ableCases(workload: Workload, options: RunOptions): Promise<Case[]> {
  const found: Case[] = [];
  for (const one of workload.cases(options.size)) {
    if (!isWanted(one, options)) continue;
    const reason = (await one.whyNot?.()) ?? null;
    if (reason === null) found.push(one);
    else options.progress(`${workload.name}: ${one.name} is left out: ${reason}`);
  }
  return found;
}

/** All cases on one broker, one after the other. */
async function runCases(
  workload: Workload,
  cases: readonly Case[],
  peer: PeerName,
  folder: string,
  options: RunOptions,
): Promise<Record<string, Figures>> {
  const profile = profileOptions(workload, peer, options);
  const watch =
    peer === 'odradek' && workload.watchesLoop === true
      ? new LoopWatch(join(folder, 'loop-delay.json'))
      : undefined;
  const nodeOptions = [...(watch?.nodeOptions ?? []), ...profile];
  const settings = workload.settings ?? {};
  const broker = await peers[peer].make(folder, { nodeOptions, settings });
  const found: Record<string, Figures> = {};
  try {
    await broker.process.start();
    const target = targetOf(peer, broker);
    if (profile.length === 0) await warmUp(target, options.size);
    for (const one of cases) {
      found[one.name] = await runCase(one, target, watch);
      options.progress(`  ${one.name}: ${inShort(one, found[one.name] ?? {})}`);
    }
  } catch (error) {
    const output = await broker.process.output().catch(() => '');
    options.progress(`  ${peer} failed: ${(error as Error).message}\n${output.slice(-2000)}`);
  } finally {
    await broker.process.stop(lastSignal(profile));
  }
  return found;
}

/** A workload that goes its own way on one broker. */
async function runWhole(
  workload: Workload,
  peer: PeerName,
  folder: string,
  options: RunOptions,
  alone: Alone,
): Promise<Readonly<Record<string, Figures>>> {
  if (workload.whole === undefined) throw new Error(`nothing runs ${workload.name}`);
  const nodeOptions = profileOptions(workload, peer, options);
  const make = (how?: PeerOptions) => peers[peer].make(folder, { ...how, nodeOptions });
  const bench = { peer, folder, make, lastSignal: lastSignal(nodeOptions), alone };
  return workload.whole(bench, options.size);
}

/** Node's options when Odradek's profile is wanted; none for all others. */
function profileOptions({ name }: Workload, peer: PeerName, options: RunOptions): string[] {
  if (peer !== 'odradek' || options.profileFolder === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${join(options.profileFolder, name)}`];
}

/** Ends a broker that is not needed any more: gently when it still has to write its profile. */
const lastSignal = (profile: readonly string[]): WholeRun['lastSignal'] =>
  profile.length === 0 ? 'SIGKILL' : 'SIGTERM';

async function runCase(one: Case, target: Target, watch?: LoopWatch): Promise<Figures> {
  const prepared = (await one.prepare?.(target)) ?? '';
  forgetPeak(target.pid);
  await watch?.take(target.pid);
  const before = usageOf(target.pid);
  if (one.drive === undefined) throw new Error(`nothing drives ${one.name}`);
  const run = await one.drive(target, prepared);
  const after = usageOf(target.pid);
  const peakBytes = residentBytes(target.pid, 'peak');
  const loopDelay = await watch?.take(target.pid);
  return { ...figuresOf({ run, before, after, peakBytes }), ...loopDelay };
}

export function targetOf(peer: PeerName, broker: PeerBroker): Target {
  const pid = broker.process.pid;
  if (pid === undefined) throw new Error(`${peer} does not run`);
  let topics = 0;
  return {
    ...broker,
    process: broker.process,
    peer,
    pid,
    newTopic: async (partitions, configs = {}) => {
      const topic = `bench-${topics++}`;
      const config = Object.entries(configs).map(([name, value]) => `${name}=${value}`);
      await load('topics', { broker: broker.address, topic, partitions, single: true, config });
      return topic;
    },
  };
}

/** A million records in small batches, read back once: what a JVM needs to compile itself. */
export async function warmUp(target: Target, size: Size): Promise<void> {
  const partitions = 6;
  const topic = await target.newTopic(partitions);
  const broker = target.address;
  const requests = size === 'full' ? 50_000 : 500;
  const shape = { partitions, connections: 4, inflight: 5, records: 20 };
  await load('produce', { broker, topic, requests, 'record-bytes': 100, ...shape });
  await load('fetch', { broker, topic, partitions });
  await pause(size === 'full' ? 500 : 0);
}

/** Lets the kernel count the peak of resident memory anew; needs no more than to own the process. */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function inShort(one: Case, figures: Figures): string {
  return [...Object.keys(one.shows), 'clientCores']
    .filter((name) => name in figures || !oursAlone.has(name))
    .map((name) => `${units[name] ?? name}: ${(figures[name] ?? NaN).toFixed(2)}`)
    .join('; ');
}

/** How busy the machine is with other things: the load of the last minute. */
export function machineLoad(): number {
  return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
}
