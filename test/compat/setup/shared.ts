import type { ChildProcess } from 'node:child_process';
import { whyNoJars } from '../../../scripts/apache-kafka/jars.ts';
import {
  repository,
  startTarget,
  wayOf,
  type TargetBroker,
  type TargetName,
} from '../support/brokers.ts';
import { buildOdradek } from '../support/built-odradek.ts';
import { readState, writeState, type TargetState } from '../support/suite-state.ts';
import { startToolRunner } from '../support/tool-runner.ts';

/** Started once for the whole run, whichever projects take part; kept by the parent process. */
interface Started {
  readonly brokers: Map<string, TargetBroker>;
  toolRunner?: ChildProcess;
}
const holder = globalThis as { compatStarted?: Started };

function started(): Started {
  holder.compatStarted ??= { brokers: new Map() };
  return holder.compatStarted;
}

/** Starts the broker that all test files of a target share, unless this machine cannot run it. */
export async function provideTarget(target: TargetName): Promise<void> {
  const state = readState();
  if (state.targets[target] !== undefined) return;
  const found = await startUnlessMissing(target, target);
  writeState({ ...readState(), targets: { ...state.targets, [target]: found } });
}

/** Provides the JVM that runs Apache's tools, and both brokers that their output is compared on. */
export async function provideComparison(): Promise<void> {
  await provideToolRunner();
  await provideTarget('apache');
  if (process.env['COMPAT_TARGET'] === 'apache') {
    // Apache against Apache: whatever differs then is the suite's own fault.
    const twin = await startUnlessMissing('apache', 'twin');
    writeState({ ...readState(), compared: twin });
    return;
  }
  await provideTarget('odradek');
  const { odradek } = readState().targets;
  writeState({ ...readState(), ...(odradek && { compared: odradek }) });
}

export async function provideToolRunner(): Promise<void> {
  if (readState().toolRunner !== undefined) return;
  const noJars = await whyNoJars(repository);
  if (noJars !== null) {
    writeState({ ...readState(), toolRunner: { unavailable: `Apache’s tools: ${noJars}` } });
    return;
  }
  const runner = await startToolRunner(repository);
  started().toolRunner = runner.process;
  writeState({ ...readState(), toolRunner: runner.address });
}

async function startUnlessMissing(target: TargetName, key: string): Promise<TargetState> {
  const way = await wayOf(target);
  if (typeof way === 'object' && 'reason' in way) return { unavailable: way.reason };
  if (way === 'built') await buildOdradek();
  const broker = await startTarget(target);
  started().brokers.set(key, broker);
  return { bootstrapServers: broker.bootstrapServers, dataFolders: broker.dataFolders };
}

/** Stops all that the set-ups started. */
export default async function teardown(): Promise<void> {
  const { brokers, toolRunner } = started();
  delete holder.compatStarted;
  toolRunner?.stdin?.end();
  await Promise.all([...brokers.values()].map(async (broker) => broker.close()));
}
