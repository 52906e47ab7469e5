import { apacheKafka } from '../../../scripts/apache-kafka/apache-kafka.ts';
import { startBroker } from '../../../src/broker/start-broker.ts';
import { newDataFolder, removeDataFolder, repository, type TargetName } from './brokers.ts';

/** Three brokers, ids 1 to 3, each of which can be stopped and started again by itself. */
export interface TargetCluster {
  readonly ids: readonly number[];
  readonly bootstrapServers: string;
  stopBroker(id: number): Promise<void>;
  startBroker(id: number): Promise<void>;
  close(): Promise<void>;
}

const SIZE = 3;

/**
 * Starts three brokers: of Apache Kafka as three processes, from jars; of ours in this process, as no signal says which
 * of the brokers of one process shall stop.
 */
export async function startCluster(target: TargetName): Promise<TargetCluster> {
  const folder = await newDataFolder(target);
  const cluster = target === 'odradek' ? await ours(folder) : await apaches(folder);
  return {
    ...cluster,
    close: async () => {
      await cluster.close();
      await removeDataFolder(folder);
    },
  };
}

async function ours(folder: string): Promise<TargetCluster> {
  const broker = await startBroker({ brokers: SIZE, dataDir: folder });
  return {
    ids: broker.brokerIds,
    bootstrapServers: broker.bootstrapServers,
    stopBroker: async (id) => broker.stopBroker(id),
    startBroker: async (id) => broker.startBroker(id),
    close: async () => broker.close(),
  };
}

async function apaches(folder: string): Promise<TargetCluster> {
  const kafka = await apacheKafka({ repository, folder, brokers: SIZE });
  const node = (id: number) => {
    const found = kafka.nodes.find((each) => each.id === id);
    if (found === undefined) throw new Error(`there is no broker ${id}`);
    return found.process;
  };
  await kafka.start();
  return {
    ids: kafka.nodes.map(({ id }) => id),
    bootstrapServers: kafka.bootstrapServers,
    stopBroker: async (id) => {
      await node(id).stop();
    },
    startBroker: async (id) => node(id).start(),
    close: async () => kafka.stop('SIGKILL'),
  };
}
