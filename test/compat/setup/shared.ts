import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apacheKafkaJars, whyNoJars, type JarSet } from '../../../scripts/apache-kafka/jars.ts';
import {
  repository,
  startTarget,
  wayOf,
  type TargetBroker,
  type TargetName,
} from '../support/brokers.ts';
import { clientNames, installClient, whyNoClient } from '../support/client-packages.ts';
import { buildOdradek } from '../support/built-odradek.ts';
import { dumpAll } from '../support/dump-log.ts';
import {
  readState,
  writeState,
  type TargetState,
  type Unavailable,
} from '../support/suite-state.ts';
import { startToolRunner, type ToolRunnerAddress } from '../support/tool-runner.ts';

/** Started once for the whole run, whichever projects take part; kept by the parent process. */
interface Started {
  readonly brokers: Map<string, TargetBroker>;
  toolRunner?: ChildProcess;
  clients?: Promise<unknown>;
}
/** The part of jest's configuration that says which files were asked for. */
export interface ChosenFiles {
  readonly testPathPatterns: { readonly patterns: readonly string[] };
}
/** Of Apache Kafka, beside its tools. */
const programs: readonly JarSet[] = ['kafka-streams', 'kafka-connect'];
const holder = globalThis as { compatStarted?: Started };

function started(): Started {
  holder.compatStarted ??= { brokers: new Map() };
  return holder.compatStarted;
}

/** Starts the broker that all test files of a target share, unless this machine cannot run it. */
export async function provideTarget(target: TargetName): Promise<void> {
  if (readState().targets[target] !== undefined) return;
  if (target === 'odradek' && readState().dataOfRun === undefined) await keepData();
  const state = readState();
  const found = await startUnlessMissing(target, target);
  writeState({ ...readState(), targets: { ...state.targets, [target]: found } });
}

/**
 * Begins to install the clients that take long (one is compiled, Kafka Streams and Connect are large) while the first tests run. In
 * a run of chosen files each client is installed by its own tests.
 */
export function prepareClients({ testPathPatterns }: ChosenFiles): void {
  if (testPathPatterns.patterns.length > 0) return;
  started().clients ??= Promise.allSettled([
    // Their tests try again, and tell what is wrong.
    ...clientNames
      .filter((name) => whyNoClient(name) === null)
      .map(async (name) => installClient(name)),
    ...programs.map(async (jars) => {
      if ((await whyNoJars(repository, jars)) === null) await apacheKafkaJars(repository, jars);
    }),
  ]);
}

async function keepData(): Promise<void> {
  const dataOfRun = await mkdtemp(join(tmpdir(), 'compat-data-'));
  writeState({ ...readState(), dataOfRun });
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

/** Builds Odradek for tests that start it themselves; their data are kept to the end of the run, too. */
export async function provideBuild(): Promise<void> {
  if (readState().dataOfRun === undefined) await keepData();
  await buildOdradek();
}

export async function provideToolRunner(): Promise<void> {
  if (readState().toolRunner !== undefined) return;
  const noJars = await whyNoJars(repository);
  if (noJars !== null) {
    writeState({ ...readState(), toolRunner: unavailable(`Apache’s tools: ${noJars}`) });
    return;
  }
  const runner = await startToolRunner(repository);
  started().toolRunner = runner.process;
  const missingJars: Partial<Record<JarSet, string>> = {};
  for (const jars of programs) {
    const why = await whyNoJars(repository, jars);
    if (why !== null) missingJars[jars] = why;
  }
  writeState({ ...readState(), toolRunner: runner.address, missingJars });
}

/** Says once why tests are skipped: jest itself shows no more than how many. */
function unavailable(reason: string): Unavailable {
  process.stderr.write(`compatibility tests that cannot run here: ${reason}\n`);
  return { unavailable: reason };
}

async function startUnlessMissing(target: TargetName, key: string): Promise<TargetState> {
  const way = await wayOf(target);
  if (typeof way === 'object' && 'reason' in way) return unavailable(`${target}: ${way.reason}`);
  if (way === 'built') await buildOdradek();
  const broker = await startTarget(target);
  started().brokers.set(key, broker);
  return { bootstrapServers: broker.bootstrapServers, dataFolders: broker.dataFolders };
}

/** Stops all that the set-ups started, and has Apache look at all that our brokers wrote. */
export default async function teardown(): Promise<void> {
  const { brokers, toolRunner, clients } = started();
  delete holder.compatStarted;
  await Promise.all([...brokers.values()].map(async (broker) => broker.close()));
  const { dataOfRun, toolRunner: address } = readState();
  if (dataOfRun !== undefined) {
    if (address !== undefined && 'port' in address) await checkData(address, dataOfRun);
    await rm(dataOfRun, { recursive: true, force: true });
  }
  toolRunner?.stdin?.end();
  await clients;
}

/** It runs after all tests, so that it is no test itself: what is wrong ends the run with an error. */
async function checkData(runner: ToolRunnerAddress, folder: string): Promise<void> {
  const beginMs = performance.now();
  const dumps = await dumpAll(runner, [folder]);
  const files = new Set(dumps.map(({ file }) => file)).size;
  const wrong = dumps.filter(({ complaints }) => complaints.length > 0);
  const seconds = ((performance.now() - beginMs) / 1_000).toFixed(1);
  const verdict = wrong.length === 0 ? 'nothing wrong' : `${wrong.length} WRONG`;
  process.stdout.write(`\nkafka-dump-log: ${files} files of this run, ${verdict} (${seconds} s)\n`);
  if (wrong.length === 0) return;
  console.error(JSON.stringify(wrong.slice(0, 10), null, 2));
  process.exitCode = 1;
}
