import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { apacheKafka } from '../../../scripts/apache-kafka/apache-kafka.ts';
import { BrokerProcess, freePorts } from '../../../scripts/apache-kafka/broker-process.ts';
import { whyNoJars } from '../../../scripts/apache-kafka/jars.ts';
import { builtOdradek } from './built-odradek.ts';
import { readState } from './suite-state.ts';
import { APACHE_IMAGE, containerBroker, dockerIsReachable } from './container-broker.ts';

export const targetNames = ['odradek', 'apache'] as const;
/** What the suite runs against: our built broker, or the real Apache Kafka. */
export type TargetName = (typeof targetNames)[number];

export interface TargetOptions {
  /** Settings by Kafka's names, given to either target. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running target that its test may stop and start again. */
export interface TargetBroker {
  readonly bootstrapServers: string;
  /** Kafka data directories; none when they are inside a container. */
  readonly dataFolders: readonly string[];
  /** Starts again on the same data and port; Apache's also takes back its leaderships. */
  start(): Promise<void>;
  /** Stops cleanly. */
  stop(): Promise<void>;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
  /** Stops and removes the data. */
  close(): Promise<void>;
}

export const repository = process.cwd();

export type Way = 'built' | 'jars' | { readonly image: string };

/**
 * The image that is tested instead of a target, if any: COMPAT_IMAGE takes the place of COMPAT_TARGET, or of Apache's
 * image where that is not said.
 */
function imageFor(target: TargetName): string | undefined {
  const replaced = process.env['COMPAT_TARGET'] ?? 'apache';
  return target === replaced ? process.env['COMPAT_IMAGE'] : undefined;
}

/** How a target is run here, or why it cannot be. */
export async function wayOf(target: TargetName): Promise<Way | { readonly reason: string }> {
  const image = imageFor(target);
  if (image !== undefined) {
    return (await dockerIsReachable())
      ? { image }
      : { reason: 'COMPAT_IMAGE is set and no Docker engine can be reached' };
  }
  if (target === 'odradek') return 'built';
  const noJars = await whyNoJars(repository);
  if (noJars === null) return 'jars';
  if (await dockerIsReachable()) return { image: APACHE_IMAGE };
  return { reason: `${noJars}, and no Docker engine can be reached` };
}

/** Starts a target for one test file or, from the set-up, for the whole run. */
export async function startTarget(
  target: TargetName,
  options: TargetOptions = {},
): Promise<TargetBroker> {
  const folder = await newDataFolder(target);
  const broker = await makeTarget(target, folder, options.settings ?? {});
  try {
    await broker.start();
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    ...broker,
    start: async () => {
      await broker.start();
      if (target === 'apache') await untilAllAreLed(broker.bootstrapServers);
    },
    close: async () => {
      await broker.close();
      await removeDataFolder(folder);
    },
  };
}

/** Until every partition is led: Apache Kafka's broker answers first, and takes them back one by one. */
async function untilAllAreLed(bootstrapServers: string): Promise<void> {
  const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const allAreLed = async (): Promise<void> => {
    for (const topic of await admin.listTopics()) await admin.fetchTopicOffsets(topic);
  };
  const deadline = Date.now() + 60_000;
  try {
    await admin.connect();
    for (;;) {
      const failure: unknown = await allAreLed().catch((error: unknown) => error);
      if (failure === undefined) return;
      if (Date.now() > deadline) throw new Error('some are still not led', { cause: failure });
      await pause(20);
    }
  } finally {
    await admin.disconnect();
  }
}

/** A folder for the data of brokers; ours are kept to the end of the run. */
export async function newDataFolder(target: TargetName): Promise<string> {
  const { dataOfRun } = readState();
  const parent = target === 'odradek' && dataOfRun !== undefined ? dataOfRun : tmpdir();
  return mkdtemp(join(parent, `compat-${target}-`));
}

export async function removeDataFolder(folder: string): Promise<void> {
  if (dirname(folder) === readState().dataOfRun) return; // for whoever looks at the data of the whole run
  await rm(folder, { recursive: true, force: true });
}

async function makeTarget(
  target: TargetName,
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<TargetBroker> {
  const way = await wayOf(target);
  if (way === 'built') return odradekBroker(folder, settings);
  if (way !== 'jars') {
    if ('reason' in way) throw new Error(way.reason);
    return containerBroker(way.image, target, settings);
  }
  const kafka = await apacheKafka({ repository, folder, settings });
  const kill = async () => kafka.stop('SIGKILL');
  return { ...kafka, stop: async () => kafka.stop(), kill, close: kill };
}

async function odradekBroker(
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<TargetBroker> {
  const [port = 0] = await freePorts(1);
  const data = join(folder, 'data');
  const properties = join(folder, 'server.properties');
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(properties, lines.join(''));
  const broker = new BrokerProcess({
    name: 'Odradek',
    command: process.execPath,
    args: [...[builtOdradek, '--config', properties], ...['--port', String(port), '--data', data]],
    ports: [port],
    outputFile: join(folder, 'output.log'),
  });
  const stop = async () => {
    const code = await broker.stop();
    if (code !== null && code !== 0) {
      throw new Error(`Odradek ended with ${code}\n${await broker.output()}`);
    }
  };
  return {
    bootstrapServers: `127.0.0.1:${port}`,
    dataFolders: [data],
    start: async () => broker.start(20_000),
    stop,
    kill: async () => {
      await broker.stop('SIGKILL');
    },
    close: stop,
  };
}
