import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apacheKafkaJars, whyNoJars } from '../../scripts/apache-kafka/jars.ts';
import { lastMatch, timed, type ClientRun } from './clients.ts';
import { jvmFlags } from './jvm.ts';

const repository = process.cwd();
/** What Kafka's own start scripts give these programs at most. */
const heap = '512m';
const recordBytes = 1024;

export interface JavaRun {
  readonly broker: string;
  readonly topic: string;
  readonly records: number;
  /** Kafka's properties of a client; its defaults for all others. */
  readonly properties?: Readonly<Record<string, string | number>>;
}

/** Why Kafka's Java clients cannot be run on this machine, or null. */
export const whyNoJavaClients = (): Promise<string | null> => whyNoJars(repository);

/** Kafka's own producer at full speed, records of a KiB. */
export async function javaProduce(options: JavaRun): Promise<ClientRun> {
  const { broker, topic, records, properties = {} } = options;
  const pairs = asPairs(properties);
  const folder = await mkdtemp(join(tmpdir(), 'odradek-payload-'));
  try {
    // Left to itself the program draws each byte by lot, which takes about 2 us for 1 KiB.
    const payload = join(folder, 'payload');
    await writeFile(payload, 'x'.repeat(recordBytes));
    const { output, busySeconds } = await kafkaProgram('ProducerPerformance', [
      ...['--bootstrap-server', broker, '--topic', topic, '--num-records', String(records)],
      ...['--throughput', '-1', '--payload-file', payload],
      ...(pairs.length === 0 ? [] : ['--command-property', ...pairs]),
    ]);
    const found = producerSummary(output);
    if (found.records !== records) throw unfinished(found.records, records, output);
    return { ...found, busySeconds, recordBytes: records * recordBytes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Kafka's own consumer, reading a whole topic as the one member of a group that must be new. */
export async function javaConsume(
  options: JavaRun & { readonly group: string },
): Promise<ClientRun> {
  const { broker, topic, group, records, properties = {} } = options;
  const { output, busySeconds } = await kafkaProgram('ConsumerPerformance', [
    ...['--bootstrap-server', broker, '--topic', topic, '--num-records', String(records)],
    ...['--group', group],
    ...asPairs(properties).flatMap((pair) => ['--command-property', pair]),
  ]);
  const found = consumerSummary(output);
  if (found.records < records) throw unfinished(found.records, records, output);
  return { ...found, busySeconds };
}

/**
 * Takes the start of the JVM off the time for which a client was busy (and a little more: the first
 * record has classes loaded while the program's own clock runs already).
 *
 * @param least  a run of the same program that did next to nothing
 */
export const withoutStart = (run: ClientRun, least: ClientRun): ClientRun => ({
  ...run,
  busySeconds: Math.max(0, run.busySeconds - least.busySeconds),
});

/** What ProducerPerformance says at its end; the clock starts when its producer is there. */
export function producerSummary(output: string) {
  // Lines on the way there look the same, but have no percentiles.
  const found = lastMatch(output, /(\d+) records sent, ([\d.]+) records\/sec .* 50th, /g);
  const records = Number(found[1]);
  return { records, seconds: records / Number(found[2]) };
}

/** What ConsumerPerformance says at its end, without the time in which it joined its group. */
export function consumerSummary(output: string) {
  const header = lastMatch(output, /^start\.time, .*$/gm);
  const values = output.slice(header.index).split('\n')[1]?.split(', ') ?? [];
  const columns = header[0].trim().split(', ');
  const valueOf = (name: string) => Number(values[columns.indexOf(name)]);
  return {
    records: valueOf('data.consumed.in.nMsg'),
    recordBytes: Math.round(valueOf('data.consumed.in.MB') * 1024 * 1024),
    seconds: valueOf('fetch.time.ms') / 1000,
  };
}

/** The processor time is that of the whole program, the start of the JVM included: `withoutStart`. */
async function kafkaProgram(name: string, args: readonly string[]) {
  const classPath = join(await apacheKafkaJars(repository), '*');
  const program = `org.apache.kafka.tools.${name}`;
  return timed('java', [...jvmFlags(heap), '-cp', classPath, program, ...args]);
}

const asPairs = (properties: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(properties).map(([name, value]) => `${name}=${value}`);

const unfinished = (found: number, wanted: number, output: string): Error =>
  new Error(`${found} of ${wanted} records; the client said:\n${output.slice(-2000)}`);
