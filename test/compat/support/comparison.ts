import { expect } from '@jest/globals';
import { appendFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { startTarget } from './brokers.ts';
import { bootstrapServers, comparedBootstrapServers, runTool } from './suite.ts';
import type { ToolName, ToolResult } from './tool-runner.ts';

/** Which of the two brokers; with COMPAT_TARGET=apache the second is an Apache Kafka too. */
export type Side = 'apache' | 'odradek';
export const sides: readonly Side[] = ['apache', 'odradek'];
/** Whether the second broker is Apache's twin, so that intended differences do not show. */
export const comparedWithItself = process.env['COMPAT_TARGET'] === 'apache';

/** Where two brokers listen that are compared. */
export type Pair = Readonly<Record<Side, string>>;

/** The two brokers that all test files share. */
function sharedPair(): Pair {
  return { apache: bootstrapServers('apache'), odradek: comparedBootstrapServers() };
}

/** Does the same on both brokers. */
export async function onBoth<T>(
  work: (bootstrap: string, side: Side) => Promise<T>,
  pair = sharedPair(),
): Promise<Record<Side, T>> {
  const [apache, odradek] = await Promise.all(sides.map(async (side) => work(pair[side], side)));
  return { apache: apache!, odradek: odradek! };
}

/** Starts two brokers for one test file, with settings of their own. */
export async function startPair(
  settings: Readonly<Record<string, string>>,
): Promise<{ readonly pair: Pair; readonly close: () => Promise<void> }> {
  const targets = ['apache', comparedWithItself ? 'apache' : 'odradek'] as const;
  const [apache, odradek] = await Promise.all(
    targets.map(async (target) => startTarget(target, { settings })),
  );
  return {
    pair: { apache: apache!.bootstrapServers, odradek: odradek!.bootstrapServers },
    close: async () => {
      await Promise.all([apache!.close(), odradek!.close()]);
    },
  };
}

function kafkajsOn(bootstrap: string): Kafka {
  return new Kafka({ brokers: [bootstrap], clientId: 'compat', logLevel: logLevel.NOTHING });
}

export interface CommandLine {
  readonly tool: ToolName;
  /**
   * The arguments; a string is split at its blanks. `--bootstrap-server` comes before them, unless `{bootstrap}` says
   * where the address belongs.
   */
  readonly args: string | readonly string[];
  readonly stdin?: string;
  /** Keeps only these lines of the output, where a command tells about the whole cluster. */
  readonly only?: RegExp;
  /** Replaces what may differ, beyond `normalized`. */
  readonly blur?: (text: string) => string;
  /** Lines may come in any order, as Apache's own do. */
  readonly anyOrder?: boolean;
  /** Which brokers; the shared ones when left out. */
  readonly pair?: Pair;
}

/** Runs a command line on both brokers and returns what each printed, normalized. */
export async function runOnBoth(command: CommandLine): Promise<Record<Side, ToolResult>> {
  const args = typeof command.args === 'string' ? command.args.split(' ') : command.args;
  return onBoth(async (bootstrap) => {
    const placed = args.includes('{bootstrap}')
      ? args.map((arg) => (arg === '{bootstrap}' ? bootstrap : arg))
      : ['--bootstrap-server', bootstrap, ...args];
    const result = await runTool(command.tool, placed, command.stdin);
    const text = (raw: string) => tidied(raw, command);
    return {
      exitCode: result.exitCode,
      stdout: text(result.stdout),
      stderr: text(result.stderr),
    };
  }, command.pair);
}

/**
 * Expects the same exit code, standard output and standard error on both brokers, and returns Apache's. A question is asked
 * again while they differ, and Odradek's first answer counts: Apache Kafka says that something is done when its controller
 * has decided, and the brokers, who answer questions, follow it.
 */
export async function expectSame(command: CommandLine): Promise<ToolResult> {
  const deadline = Date.now() + 10_000;
  let { apache, odradek } = await runOnBoth(command);
  while (isQuestion(command) && !isDeepStrictEqual(odradek, apache) && Date.now() < deadline) {
    const again = await runOnBoth(command);
    apache = again.apache;
    if (comparedWithItself) odradek = again.odradek;
  }
  transcribe(command, apache);
  expect(odradek).toEqual(apache);
  return apache;
}

/** Whether a command line only asks. */
function isQuestion(command: CommandLine): boolean {
  const asks = /(^| )(--describe|--list|describe|describe-producers|list|find-hanging)( |$)/;
  return command.tool === 'kafka-get-offsets' || asks.test(argumentsOf(command));
}

function argumentsOf({ args }: CommandLine): string {
  return typeof args === 'string' ? args : args.join(' ');
}

/** COMPAT_TRANSCRIPT names a file that every command line is appended to, with what Apache answered. */
function transcribe(command: CommandLine, { exitCode, stdout, stderr }: ToolResult): void {
  const file = process.env['COMPAT_TRANSCRIPT'];
  if (file === undefined) return;
  appendFileSync(
    file,
    `$ ${command.tool} ${argumentsOf(command)}\n${stdout}${stderr}[${exitCode}]\n\n`,
  );
}

function tidied(raw: string, { only, blur, anyOrder }: CommandLine): string {
  let text = normalized(raw);
  if (blur !== undefined) text = blur(text);
  let lines = text.split('\n');
  if (only !== undefined) {
    // Columns are as wide as what others have in them, and others may have a header of their own.
    lines = lines.filter((line) => only.test(line)).map((line) => line.replace(/ +/g, ' '));
    lines = [...new Set(lines)];
  }
  if (anyOrder === true) lines = lines.sort();
  return lines.join('\n');
}

/** Replaces what differs from broker to broker and from run to run: addresses, ids, times. */
export function normalized(text: string): string {
  return (
    text
      .replaceAll(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\]/gm, '[TIME]')
      .replaceAll(/\b(127\.0\.0\.1|localhost)(:| +\s*)\d{4,5}\b/g, '$1:PORT')
      // A broker in a container sees its clients behind another address.
      .replaceAll(/\/172(\.\d+){3} */g, (host) => '/127.0.0.1'.padEnd(host.length))
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
      .replaceAll(/TopicId: [\w-]{22}/g, 'TopicId: ID')
      .replaceAll(/(adminclient|consumer|producer)-\d+/g, '$1-N')
      .replaceAll(/(Cluster ID|ClusterId): +[\w-]{22}/g, '$1: ID')
      // The frames of a stack trace name places in the tool.
      .replaceAll(/^\tat .*\n/gm, '')
  );
}

/** Waits on both brokers until something holds there. */
export async function untilOnBoth(
  what: string,
  holds: (admin: Admin) => Promise<boolean>,
  pair = sharedPair(),
): Promise<void> {
  await onBoth(async (bootstrap) => {
    const admin = kafkajsOn(bootstrap).admin();
    await admin.connect();
    const deadline = Date.now() + 30_000;
    while (!(await holds(admin).catch(() => false))) {
      if (Date.now() > deadline) throw new Error(`still not: ${what}`);
    }
    await admin.disconnect();
  }, pair);
}

/** Writes `value 0`, `value 1`, ... to a partition of both brokers, with the same timestamps. */
export async function fillBoth(
  topic: string,
  perPartition: Readonly<Record<number, number>>,
  firstTimestamp = 1_700_000_000_000,
): Promise<void> {
  await onBoth(async (bootstrap) => {
    const producer = kafkajsOn(bootstrap).producer();
    await producer.connect();
    for (const [partition, count] of Object.entries(perPartition)) {
      const messages = Array.from({ length: count }, (_, i) => ({
        partition: Number(partition),
        key: `key ${i}`,
        value: `value ${i}`,
        timestamp: String(firstTimestamp + i * 1_000),
      }));
      await producer.send({ topic, messages });
    }
    await producer.disconnect();
  });
}

/** Creates a topic on both brokers, and waits until each partition has a leader. */
export async function createOnBoth(
  topic: string,
  numPartitions = 1,
  pair = sharedPair(),
): Promise<void> {
  await onBoth(async (bootstrap) => {
    const admin = kafkajsOn(bootstrap).admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions }] });
    await admin.disconnect();
  }, pair);
  await untilOnBoth(
    'every partition is led',
    async (admin) => (await admin.fetchTopicOffsets(topic)).length === numPartitions,
    pair,
  );
}
