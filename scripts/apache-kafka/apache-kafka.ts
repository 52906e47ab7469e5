import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BrokerProcess, freePorts } from './broker-process.ts';
import { apacheKafkaJars } from './jars.ts';

const run = promisify(execFile);

/** Kept short: start-up counts more here than throughput. */
const JVM_FLAGS = ['-Xms256m', '-Xmx768m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export interface ApacheKafkaOptions {
  /** Root of this repository: where the pom is. */
  readonly repository: string;
  /** Where data and logs go; made when missing. */
  readonly folder: string;
  /** Combined nodes (broker and controller); 1 when left out. */
  readonly brokers?: number;
  /** The first broker's id, the others follow it; 1 when left out. */
  readonly firstId?: number;
  /** Ports of the first brokers; free ones when left out. */
  readonly ports?: readonly number[];
  /** What clients are told; 127.0.0.1 when left out. */
  readonly host?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly jvmFlags?: readonly string[];
}

export interface ApacheKafka {
  readonly bootstrapServers: string;
  readonly nodes: readonly { readonly id: number; readonly process: BrokerProcess }[];
  readonly dataFolders: readonly string[];
  /** Waits until every node answers. */
  start(timeoutMs?: number): Promise<void>;
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Formats a folder per node and makes ready to start the real Apache Kafka on them. */
export async function apacheKafka(options: ApacheKafkaOptions): Promise<ApacheKafka> {
  const count = options.brokers ?? 1;
  const ports = await freePorts(2 * count);
  const clientPorts = ports.slice(0, count).map((free, index) => options.ports?.[index] ?? free);
  const controllerPorts = ports.slice(count);
  const { firstId = 1, host = '127.0.0.1' } = options;
  const dataFolders: string[] = [];
  const nodes = await Promise.all(
    clientPorts.map(async (port, index) => {
      const id = firstId + index;
      const home = join(options.folder, `node-${id}`);
      const data = join(home, 'data');
      dataFolders[index] = data;
      const node = await apacheNode({
        repository: options.repository,
        home,
        port,
        settings: {
          ...nodeSettings({ id, port, controllerPort: controllerPorts[index] ?? 0, data }),
          'controller.quorum.voters': controllerPorts
            .map((controllerPort, voter) => `${firstId + voter}@127.0.0.1:${controllerPort}`)
            .join(','),
          ...(options.host && { 'advertised.listeners': `PLAINTEXT://${host}:${port}` }),
          ...internalTopicSettings(count),
          ...options.settings,
        },
        ...(options.jvmFlags && { jvmFlags: options.jvmFlags }),
      });
      await node.storage('format', ['-t', 'b2RyYWRlay1jb21wYXRhYg']);
      return { id, process: node.process };
    }),
  );
  return {
    bootstrapServers: clientPorts.map((port) => `${host}:${port}`).join(','),
    nodes,
    dataFolders,
    start: async (timeoutMs) => {
      await Promise.all(nodes.map(async (node) => node.process.start(timeoutMs)));
    },
    stop: async (signal = 'SIGTERM') => {
      await Promise.all(nodes.map(async (node) => node.process.stop(signal)));
    },
  };
}

export interface ApacheNodeOptions {
  /** Root of this repository: where the pom is. */
  readonly repository: string;
  /** Where its properties and what it prints go; made when missing. Its data go where `log.dirs` says. */
  readonly home: string;
  /** The listener of clients, which is waited for. */
  readonly port: number;
  /** All of server.properties. */
  readonly settings: Readonly<Record<string, string>>;
  readonly jvmFlags?: readonly string[];
}

export interface ApacheNode {
  readonly process: BrokerProcess;
  /** All that it has printed. */
  readonly outputFile: string;
  /** Runs kafka-storage with this node's properties; what it printed. */
  storage(command: 'format' | 'info', args?: readonly string[]): Promise<string>;
}

/** One node of the real Apache Kafka, on whatever data there is. */
export async function apacheNode(options: ApacheNodeOptions): Promise<ApacheNode> {
  const { home, port, settings } = options;
  const libs = await apacheKafkaJars(options.repository);
  await mkdir(home, { recursive: true });
  const properties = join(home, 'server.properties');
  const logConfiguration = join(home, 'log4j2.xml');
  await writeFile(properties, propertiesText(settings));
  await writeFile(logConfiguration, SERVER_LOG);
  const flags = [
    ...(options.jvmFlags ?? JVM_FLAGS),
    `-Dlog4j2.configurationFile=${logConfiguration}`,
    ...['-cp', join(libs, '*')],
  ];
  const outputFile = join(home, 'server.log');
  return {
    process: new BrokerProcess({
      name: `Apache Kafka ${settings['node.id'] ?? ''}`,
      command: 'java',
      args: [...flags, 'kafka.Kafka', properties],
      ports: [port],
      outputFile,
    }),
    outputFile,
    storage: async (command, args = []) => {
      const tool = ['kafka.tools.StorageTool', command, '-c', properties];
      const { stdout, stderr } = await run('java', [...flags, ...tool, ...args]);
      return stdout + stderr;
    },
  };
}

/** Settings of a combined node, less its quorum. */
export function nodeSettings(node: {
  id: number;
  port: number;
  controllerPort: number;
  data: string;
}) {
  return {
    'process.roles': 'broker,controller',
    'node.id': String(node.id),
    listeners: `PLAINTEXT://127.0.0.1:${node.port},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': node.data,
    'group.initial.rebalance.delay.ms': '0',
  };
}

export function internalTopicSettings(brokers: number) {
  const replicas = String(Math.min(brokers, 3));
  return {
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': '1',
  };
}

function propertiesText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

const SERVER_LOG = `<?xml version="1.0" encoding="UTF-8"?>
<Configuration shutdownHook="disable">
  <Appenders>
    <Console name="STDOUT"><PatternLayout pattern="[%d] %p %m (%c)%n"/></Console>
  </Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="STDOUT"/></Root>
  </Loggers>
</Configuration>
`;
