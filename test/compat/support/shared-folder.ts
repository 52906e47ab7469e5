import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  apacheNode,
  internalTopicSettings,
  nodeSettings,
  type ApacheNode,
} from '../../../scripts/apache-kafka/apache-kafka.ts';
import { BrokerProcess, freePorts } from '../../../scripts/apache-kafka/broker-process.ts';
import { newDataFolder, removeDataFolder, repository, type TargetName } from './brokers.ts';
import { builtOdradek } from './built-odradek.ts';
import { until } from './kafkajs-client.ts';

/** How `kafka-storage format` is told who votes. */
export type QuorumKind = 'static' | 'dynamic';

const nodeId = 1;
export const sharedClusterId = 'b2RyYWRlay1jb21wYXRhYg';

/** Short times, so that what happens from time to time happens while a test looks. */
const quickSettings = {
  'broker.session.timeout.ms': '4000',
  'broker.heartbeat.interval.ms': '300',
  'log.retention.check.interval.ms': '300',
  'log.initial.task.delay.ms': '300',
  'log.flush.start.offset.checkpoint.interval.ms': '100',
  'log.cleaner.backoff.ms': '300',
  'offsets.topic.num.partitions': '5',
  'transaction.state.log.num.partitions': '5',
  'share.coordinator.state.topic.num.partitions': '3',
};

/** Lines that Apache Kafka writes in any folder, its own among them, when it is used as in these tests. */
const usual = [
  // For every partition that is added to a topic.
  /Expected partition grown-\d+ with topic id \S+ to exist, but it was missing. Creating/,
  // A producer that skipped a sequence was refused.
  /Error processing append operation on partition \S+:repeated-\d+/,
  /Performing controller activation/,
  // Two clients that wanted a coordinator at the same time.
  /Auto topic creation failed for __\w+ with error 'TOPIC_ALREADY_EXISTS'/,
  /Attempting to close NetworkClient that has already been closed/,
  // It makes a topic durable that it is deleting.
  /Failed to write to checkpoint file \S+\/doomed-\d+\/.* This is ok if the topic\/partition is being deleted/,
  /Failed to flush file \S+\/doomed-\d+\/\d+\.snapshot/,
  // A machine that is busy.
  /Exceptionally slow controller event/,
  /processExpiredBrokerHeartbeat: controller event queue overloaded/,
  /Broker \d+ sent a heartbeat request but received error REQUEST_TIMED_OUT/,
];

/** A data folder on which Odradek and Apache Kafka take turns, with one and the same server.properties. */
export class SharedFolder {
  private running: BrokerProcess | undefined;
  private heard = 0;

  private constructor(
    readonly folder: string,
    readonly bootstrapServers: string,
    private readonly brokers: Readonly<Record<TargetName, BrokerProcess>>,
    private readonly apache: ApacheNode,
  ) {}

  static async create(
    quorum: QuorumKind = 'static',
    settings: Readonly<Record<string, string>> = {},
    logDirectories = 1,
  ): Promise<SharedFolder> {
    const folder = await newDataFolder('odradek');
    const [port = 0, controllerPort = 0] = await freePorts(2);
    const data = join(folder, 'data');
    const controller = `127.0.0.1:${controllerPort}`;
    await mkdir(data, { recursive: true });
    const apache = await apacheNode({
      repository,
      home: folder,
      port,
      settings: {
        ...nodeSettings({ id: nodeId, port, controllerPort, data }),
        ...(quorum === 'static'
          ? { 'controller.quorum.voters': `${nodeId}@${controller}` }
          : { 'controller.quorum.bootstrap.servers': controller }),
        ...internalTopicSettings(1),
        ...quickSettings,
        'log.dirs': Array.from({ length: logDirectories }, (_, n) =>
          n === 0 ? data : `${data}-${n}`,
        ).join(),
        ...settings,
      },
    });
    const odradek = new BrokerProcess({
      name: 'Odradek',
      command: process.execPath,
      args: [builtOdradek, '--config', join(folder, 'server.properties')],
      ports: [port],
      outputFile: join(folder, 'output.log'),
    });
    const brokers = { odradek, apache: apache.process };
    return new SharedFolder(folder, `127.0.0.1:${port}`, brokers, apache);
  }

  get data(): string {
    return join(this.folder, 'data');
  }

  /** As a user formats it. */
  async format(...args: readonly string[]): Promise<void> {
    await this.apache.storage('format', ['-t', sharedClusterId, ...args]);
  }

  /** What `kafka-storage info` says of it; fails when that finds a problem. */
  async info(): Promise<string> {
    return this.apache.storage('info');
  }

  async start(who: TargetName): Promise<void> {
    this.running = this.brokers[who];
    await this.running.start();
  }

  /** Ends whoever runs, cleanly or by `kill -9`. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const code = await this.running?.stop(signal);
    const isOdradek = this.running === this.brokers.odradek;
    if (isOdradek && signal === 'SIGTERM' && code !== 0) {
      throw new Error(`Odradek ended with ${code ?? 'a signal'}\n${await this.running?.output()}`);
    }
    this.running = undefined;
  }

  /** Waits until it is written down where a log begins: Apache Kafka does that from time to time. */
  async untilStartIsNoted(topic: string, offset: number): Promise<void> {
    await until(`the start of ${topic} is noted`, async () => {
      const noted = await readFile(join(this.data, 'log-start-offset-checkpoint'), 'utf8');
      return noted.split('\n').includes(`${topic} 0 ${offset}`);
    });
  }

  /** What Apache Kafka has complained of since it was last asked. */
  async complaints(): Promise<string[]> {
    const lines = (await readFile(this.apache.outputFile, 'utf8')).split('\n');
    const isNew = lines.slice(this.heard);
    this.heard = lines.length - 1;
    return isNew.filter(
      (line) => / (WARN|ERROR|FATAL) /.test(line) && !usual.some((pattern) => pattern.test(line)),
    );
  }

  /** All that Odradek has printed. */
  async odradekOutput(): Promise<string> {
    return readFile(join(this.folder, 'output.log'), 'utf8');
  }

  async close(): Promise<void> {
    await this.running?.stop('SIGKILL');
    await rm(join(this.folder, 'server.log'), { force: true });
    await removeDataFolder(this.folder);
  }
}
