import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { apacheKafkaJars, cacheFolder } from '../../../scripts/apache-kafka/jars.ts';

const run = promisify(execFile);

/** Apache Kafka's programs by the names of their scripts in `bin/`, less the `.sh`. */
const MAIN_CLASSES = {
  'kafka-broker-api-versions': 'org.apache.kafka.tools.BrokerApiVersionsCommand',
  'kafka-cluster': 'org.apache.kafka.tools.ClusterTool',
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'kafka-consumer-perf-test': 'org.apache.kafka.tools.ConsumerPerformance',
  'kafka-delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'kafka-dump-log': 'org.apache.kafka.tools.DumpLogSegments',
  'kafka-features': 'org.apache.kafka.tools.FeatureCommand',
  'kafka-get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'kafka-groups': 'org.apache.kafka.tools.GroupsCommand',
  'kafka-leader-election': 'org.apache.kafka.tools.LeaderElectionCommand',
  'kafka-log-dirs': 'org.apache.kafka.tools.LogDirsCommand',
  'kafka-metadata-quorum': 'org.apache.kafka.tools.MetadataQuorumCommand',
  'kafka-producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-transactions': 'org.apache.kafka.tools.TransactionsCommand',
  'kafka-verifiable-consumer': 'org.apache.kafka.tools.VerifiableConsumer',
  'kafka-verifiable-producer': 'org.apache.kafka.tools.VerifiableProducer',
} as const;
export type ToolName = keyof typeof MAIN_CLASSES;

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A tool that runs until it is told to stop. */
export interface RunningTool {
  /** What it has printed on standard output so far. */
  stdout(): string;
  /** Resolves when standard output holds a match; fails when the tool ends without. */
  untilPrinted(pattern: RegExp, timeoutMs?: number): Promise<void>;
  /** As SIGTERM would. */
  stop(): void;
  readonly result: Promise<ToolResult>;
}

/** Compiles the runner of `test/compat/java` (once) and starts its JVM. */
export async function startToolRunner(
  repository: string,
): Promise<{ readonly port: number; readonly process: ChildProcess }> {
  const libs = await apacheKafkaJars(repository);
  const java = join(repository, 'test/compat/java');
  const classes = await compiled(join(java, 'ToolRunner.java'), libs);
  const child = spawn(
    'java',
    [
      ...['-Xmx768m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      ...[`-Dlog4j2.configurationFile=${join(java, 'log4j2.xml')}`],
      ...['-cp', `${join(libs, '*')}:${classes}`, 'ToolRunner'],
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line)));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the tool runner ended with ${code ?? ''}`)));
  });
  return { port, process: child };
}

async function compiled(source: string, libs: string): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex');
  const classes = join(cacheFolder(), `tool-runner-${hash.slice(0, 12)}`);
  if (existsSync(classes)) return classes;
  const partial = `${classes}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  await run('javac', ['-cp', join(libs, '*'), '-d', partial, source]);
  await rename(partial, classes).catch(() => undefined); // another run was first
  return classes;
}

/** Starts one of Apache Kafka's programs, as on a command line. */
export function startTool(
  port: number,
  tool: ToolName,
  args: readonly string[],
  stdin = '',
): RunningTool {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(`${JSON.stringify({ main: MAIN_CLASSES[tool], args, stdin })}\n`);
  const printed = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  const result = new Promise<ToolResult>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the tool runner closed the connection')));
    createInterface({ input: socket }).on('line', (line) => {
      const reply = JSON.parse(line) as { stdout?: string; stderr?: string; exit?: number };
      printed.stdout += reply.stdout ?? '';
      printed.stderr += reply.stderr ?? '';
      for (const watch of watchers) watch();
      if (reply.exit === undefined) return;
      resolve({ exitCode: reply.exit, stdout: text(printed.stdout), stderr: text(printed.stderr) });
      socket.destroy();
    });
  });
  const untilPrinted = async (pattern: RegExp, timeoutMs = 30_000) => {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${tool} did not print ${pattern} but\n${printed.stdout}`));
      }, timeoutMs);
      const watch = () => {
        if (!pattern.test(text(printed.stdout))) return;
        watchers.delete(watch);
        clearTimeout(timer);
        resolve();
      };
      watchers.add(watch);
      watch();
      result.then(
        () => reject(new Error(`${tool} ended: ${printed.stdout}\n${printed.stderr}`)),
        reject,
      );
    });
  };
  return {
    stdout: () => text(printed.stdout),
    untilPrinted,
    stop: () => socket.write('stop\n'),
    result,
  };
}

/** The runner sends a byte as one char. */
function text(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
