import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { promisify } from 'node:util';
import { loadGenerator, rdkafkaPerformance } from './programs.ts';

const run = promisify(execFile);
const longestRunMs = 15 * 60_000;

/** What a client did, and how busy it was with it. */
export interface ClientRun {
  readonly seconds: number;
  /** Processor time of the client during these seconds. */
  readonly busySeconds: number;
  readonly requests?: number;
  readonly records?: number;
  /** Keys and values as the application sees them. */
  readonly recordBytes?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly p999Ms?: number;
  readonly maxMs?: number;
  readonly [figure: string]: number | undefined;
}

type Options = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Runs the raw load generator: `load('produce', { broker, topic, requests: 100 })`. */
export async function load(command: string, options: Options): Promise<ClientRun> {
  const { stdout } = await run(await loadGenerator(), [command, ...asFlags(options)], {
    timeout: longestRunMs,
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout.trim()) as ClientRun;
}

/** Starts the raw load generator where it holds something until it is ended. */
export async function holdLoad(command: string, options: Options): Promise<ChildProcess> {
  const child = spawn(await loadGenerator(), [command, ...asFlags(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`load ${command} ended with ${code ?? '?'}`)));
  });
  return child;
}

function asFlags(options: Options): string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as string[]) : [value as string | number | boolean]).map(
      (one) => `-${name}=${one}`,
    ),
  );
}

export interface RdkafkaRun {
  readonly broker: string;
  readonly topic: string;
  readonly records: number;
  readonly recordBytes?: number;
  /** librdkafka's properties. */
  readonly properties?: Readonly<Record<string, string | number>>;
  /** Read by a consumer. */
  readonly partitions?: number;
}

/** librdkafka's producer, acks=all, at full speed. */
export async function rdkafkaProduce(options: RdkafkaRun): Promise<ClientRun> {
  const { broker, topic, records, recordBytes = 1024, properties = {} } = options;
  const args = [
    ...['-P', '-t', topic, '-b', broker, '-s', String(recordBytes), '-c', String(records)],
    ...['-a', '-1', '-i', '100000', '-q'],
    ...asProperties({ 'queue.buffering.max.messages': 500_000, ...properties }),
  ];
  const { output, busySeconds } = await timed(await rdkafkaPerformance(), args);
  const found = lastMatch(
    output,
    /(\d+) messages produced \((\d+) bytes\), \d+ delivered \(.*? 0 failed\) in (\d+)ms/g,
  );
  return {
    seconds: Number(found[3]) / 1000,
    busySeconds,
    records: Number(found[1]),
    recordBytes: Number(found[2]),
  };
}

/** librdkafka's consumer, reading partitions from their beginning. */
export async function rdkafkaConsume(options: RdkafkaRun): Promise<ClientRun> {
  const { broker, topic, records, properties = {}, partitions = 1 } = options;
  const args = [
    ...['-C', '-t', topic, '-b', broker, '-o', 'beginning', '-c', String(records)],
    ...Array.from({ length: partitions }, (_, partition) => ['-p', String(partition)]).flat(),
    ...['-i', '100000', '-q', ...asProperties(properties)],
  ];
  const { output, busySeconds } = await timed(await rdkafkaPerformance(), args);
  const found = lastMatch(output, /(\d+) messages \((\d+) bytes\) consumed in (\d+)ms/g);
  return {
    seconds: Number(found[3]) / 1000,
    busySeconds,
    records: Number(found[1]),
    recordBytes: Number(found[2]),
  };
}

/** @throws {Error} with what the client said, when nothing matches */
export function lastMatch(output: string, pattern: RegExp): RegExpExecArray {
  const found = [...output.matchAll(pattern)].at(-1);
  if (found === undefined) throw new Error(`the client said:\n${output.slice(-2000)}`);
  return found;
}

const asProperties = (properties: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(properties).flatMap(([name, value]) => ['-X', `${name}=${value}`]);

/** Runs a program and counts its processor time, as the shell that waits for it is told. */
export async function timed(program: string, args: readonly string[]) {
  const script = '"$@"; code=$?; times >&2; exit $code';
  const { stdout, stderr } = await run('bash', ['-c', script, 'timed', program, ...args], {
    timeout: longestRunMs,
    maxBuffer: 1 << 28,
  });
  // The last line: user and system time of children, "0m1.234s 0m0.567s".
  const times = [...stderr.matchAll(/(\d+)m([\d.]+)s/g)].slice(-2);
  const busySeconds = times.reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0);
  return { output: `${stdout}\n${stderr}`, busySeconds };
}
