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
  'kafka-acls': 'org.apache.kafka.tools.AclCommand',
  'kafka-broker-api-versions': 'org.apache.kafka.tools.BrokerApiVersionsCommand',
  'kafka-cluster': 'org.apache.kafka.tools.ClusterTool',
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-console-share-consumer': 'org.apache.kafka.tools.consumer.ConsoleShareConsumer',
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
  'kafka-transactional-message-copier': 'org.apache.kafka.tools.TransactionalMessageCopier',
  'kafka-verifiable-consumer': 'org.apache.kafka.tools.VerifiableConsumer',
  'kafka-verifiable-producer': 'org.apache.kafka.tools.VerifiableProducer',
} as const;
export type ToolName = keyof typeof MAIN_CLASSES;

/** These have shutdown hooks and exits that the runner cannot divert, so each run is a process. */
const OWN_JVM: readonly ToolName[] = [
  'kafka-transactional-message-copier',
  'kafka-verifiable-consumer',
  'kafka-verifiable-producer',
];
export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A tool that runs until it is told to stop. */
export interface RunningTool {
  /** What it has printed on standard output so far. */
  stdout(): string;
  /** Resolves when a line of standard output matches; fails when the tool ends without. */
  untilPrinted(pattern: RegExp, timeoutMs?: number): Promise<void>;
  /** As SIGTERM would. */
  stop(): void;
  /** As SIGKILL does. Only for those that have a JVM of their own. */
  kill(): void;
  readonly result: Promise<ToolResult>;
}

/** How test files reach the runner. */
export interface ToolRunnerAddress {
  readonly port: number;
  /** Apache Kafka's jars. */
  readonly libs: string;
}

/** Compiles the runner of `test/compat/java` (once) and starts its JVM. */
export async function startToolRunner(
  repository: string,
): Promise<{ readonly address: ToolRunnerAddress; readonly process: ChildProcess }> {
  const libs = await apacheKafkaJars(repository);
  const java = join(repository, 'test/compat/java');
  const classes = await compiledJava('ToolRunner', libs);
  const child = spawn(
    'java',
    [
      ...['-Xmx768m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      ...[`-Dlog4j2.configurationFile=${join(java, 'log4j2.xml')}`],
      // A line is then formatted and written in one step, so that tools that log at once do not swap their lines.
      '-Dlog4j2.enableDirectEncoders=false',
      ...['-cp', `${join(libs, '*')}:${classes}`, 'ToolRunner'],
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line)));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the tool runner ended with ${code ?? ''}`)));
  });
  return { address: { port, libs }, process: child };
}

/**
 * Compiles a program of `test/compat/java`, unless the cache has it.
 *
 * @returns  the folder of its classes
 */
export async function compiledJava(
  name: 'ToolRunner' | 'StreamsTopologies' | 'TransactionDriver',
  libs: string,
): Promise<string> {
  const source = join(process.cwd(), 'test/compat/java', `${name}.java`);
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex');
  const classes = join(cacheFolder(), `java-${name}-${hash.slice(0, 12)}`);
  if (existsSync(classes)) return classes;
  const partial = `${classes}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  await run('javac', ['-cp', join(libs, '*'), '-d', partial, source]);
  await rename(partial, classes).catch(() => undefined); // another run was first
  return classes;
}

/** Starts one of Apache Kafka's programs, as on a command line. */
export function startTool(
  { port, libs }: ToolRunnerAddress,
  tool: ToolName,
  args: readonly string[],
  stdin = '',
): RunningTool {
  if (OWN_JVM.includes(tool)) return startToolProcess(libs, tool, args, stdin);
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(`${JSON.stringify({ main: MAIN_CLASSES[tool], args, stdin })}\n`);
  const printed = new Printed(tool);
  const result = new Promise<ToolResult>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the tool runner closed the connection')));
    createInterface({ input: socket }).on('line', (line) => {
      const reply = JSON.parse(line) as { stdout?: string; stderr?: string; exit?: number };
      if (reply.stdout !== undefined) printed.add('stdout', reply.stdout);
      if (reply.stderr !== undefined) printed.add('stderr', reply.stderr);
      if (reply.exit === undefined) return;
      resolve({ exitCode: reply.exit, ...printed.texts() });
      socket.destroy();
    });
  });
  return printed.running(
    result,
    () => socket.write('stop\n'),
    () => {
      throw new Error(`${tool} has no process of its own`);
    },
  );
}

/** Starts one of Apache Kafka's programs in a JVM of its own. */
function startToolProcess(
  libs: string,
  tool: ToolName,
  args: readonly string[],
  stdin: string,
): RunningTool {
  const log = join(process.cwd(), 'test/compat/java/log4j2.xml');
  const child = spawn('java', [
    ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
    ...[`-Dlog4j2.configurationFile=${log}`, '-cp', join(libs, '*'), MAIN_CLASSES[tool], ...args],
  ]);
  const killIt = (): void => void child.kill('SIGKILL');
  process.once('exit', killIt);
  child.once('exit', () => process.removeListener('exit', killIt));
  child.stdin.end(stdin);
  const printed = new Printed(tool);
  child.stdout.on('data', (bytes: Buffer) => printed.add('stdout', bytes.toString('latin1')));
  child.stderr.on('data', (bytes: Buffer) => printed.add('stderr', bytes.toString('latin1')));
  const result = new Promise<ToolResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ exitCode: code ?? 143, ...printed.texts() }));
  });
  return printed.running(
    result,
    () => child.kill('SIGTERM'),
    () => child.kill('SIGKILL'),
  );
}

/** What a tool has printed, a char for a byte, and who waits for some of it. */
class Printed {
  private readonly chars = { stdout: '', stderr: '' };
  /** The line of standard output that has not ended yet. */
  private line = '';
  private readonly watchers = new Set<(lines: string) => void>();

  constructor(private readonly tool: ToolName) {}

  add(stream: 'stdout' | 'stderr', latin1: string): void {
    this.chars[stream] += latin1;
    if (stream === 'stderr') return;
    const lines = this.line + latin1;
    this.line = lines.slice(lines.lastIndexOf('\n') + 1);
    for (const watch of this.watchers) watch(lines);
  }

  texts(): { readonly stdout: string; readonly stderr: string } {
    return { stdout: text(this.chars.stdout), stderr: text(this.chars.stderr) };
  }

  running(result: Promise<ToolResult>, stop: () => void, kill: () => void): RunningTool {
    result.catch(() => undefined); // whoever awaits it hears of it
    return {
      stdout: () => this.texts().stdout,
      untilPrinted: async (pattern, timeoutMs = 30_000) =>
        Promise.race([
          this.untilPrinted(pattern, timeoutMs),
          result.then(({ stdout, stderr }) => {
            if (!pattern.test(stdout)) throw new Error(`${this.tool} ended: ${stdout}\n${stderr}`);
          }),
        ]),
      stop,
      kill,
      result,
    };
  }

  private async untilPrinted(pattern: RegExp, timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.watchers.delete(watch);
        reject(new Error(`${this.tool} did not print ${String(pattern)}: ${this.texts().stdout}`));
      }, timeoutMs);
      const watch = (lines: string) => {
        if (!pattern.test(text(lines))) return;
        this.watchers.delete(watch);
        clearTimeout(timer);
        resolve();
      };
      this.watchers.add(watch);
      watch(this.chars.stdout);
    });
  }
}

/** The runner sends a byte as one char. */
function text(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
