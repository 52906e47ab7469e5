import { join } from 'node:path';
import { apacheKafka } from '../../scripts/apache-kafka/apache-kafka.ts';
import { BrokerProcess, freePorts } from '../../scripts/apache-kafka/broker-process.ts';
import { APACHE_KAFKA_VERSION, whyNoJars } from '../../scripts/apache-kafka/jars.ts';
import { jvmFlags } from './jvm.ts';
import { kfakeProgram, whyNoGo } from './programs.ts';

export const peerNames = ['odradek', 'apache', 'kfake'] as const;
export type PeerName = (typeof peerNames)[number];

/** A broker that has not been started yet, on an empty folder. */
export interface PeerBroker {
  readonly address: string;
  readonly process: BrokerProcess;
  readonly dataFolder: string;
}

export interface PeerOptions {
  /** Kafka's properties; not for kfake. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Node's own options for Odradek. */
  readonly nodeOptions?: readonly string[];
  /** Whether `start` waits until it answers; otherwise it returns at once. */
  readonly waits?: boolean;
}

export interface Peer {
  readonly name: PeerName;
  readonly title: string;
  /** Why it cannot be measured on this machine, or null. */
  readonly whyNot: () => Promise<string | null>;
  readonly make: (folder: string, options?: PeerOptions) => Promise<PeerBroker>;
}

const repository = process.cwd();
/** As Kafka's own start script has it. */
const brokerHeap = '1g';

export const peers: Readonly<Record<PeerName, Peer>> = {
  odradek: {
    name: 'odradek',
    title: 'Odradek',
    whyNot: () => Promise.resolve(null),
    make: async (folder, { settings = {}, nodeOptions = [], waits = true } = {}) => {
      const [port = 0] = await freePorts(1);
      const dataFolder = join(folder, 'data');
      const overrides = Object.entries(settings).flatMap(([name, value]) => [
        '--override',
        `${name}=${value}`,
      ]);
      const args = [
        ...nodeOptions,
        'dist/bin/odradek.js',
        ...['--port', String(port), '--data', dataFolder, '--log-level', 'warn', ...overrides],
      ];
      return started('Odradek', process.execPath, args, port, folder, dataFolder, waits);
    },
  },
  apache: {
    name: 'apache',
    title: `Apache Kafka ${APACHE_KAFKA_VERSION}`,
    whyNot: () => whyNoJars(repository),
    make: async (folder, { settings = {} } = {}) => {
      const [port = 0] = await freePorts(1);
      const kafka = await apacheKafka({
        ...{ repository, folder, ports: [port], settings },
        jvmFlags: jvmFlags(brokerHeap),
      });
      const [node] = kafka.nodes;
      const [dataFolder] = kafka.dataFolders;
      if (node === undefined || dataFolder === undefined) throw new Error('no node');
      return { address: `127.0.0.1:${port}`, process: node.process, dataFolder };
    },
  },
  kfake: {
    name: 'kfake',
    title: 'kfake',
    whyNot: whyNoGo,
    make: async (folder, { waits = true } = {}) => {
      const [port = 0] = await freePorts(1);
      const dataFolder = join(folder, 'data');
      const program = await kfakeProgram();
      return started('kfake', program, [String(port), dataFolder], port, folder, dataFolder, waits);
    },
  },
};

function started(
  name: string,
  command: string,
  args: readonly string[],
  port: number,
  folder: string,
  dataFolder: string,
  waits: boolean,
): PeerBroker {
  const how = {
    name,
    command,
    args,
    ports: waits ? [port] : [],
    outputFile: join(folder, 'output.log'),
  };
  return { address: `127.0.0.1:${port}`, process: new BrokerProcess(how), dataFolder };
}
