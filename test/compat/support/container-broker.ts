import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { answers, freePorts } from '../../../scripts/apache-kafka/broker-process.ts';
import type { TargetBroker, TargetName } from './brokers.ts';

const run = promisify(execFile);
export const APACHE_IMAGE = 'apache/kafka:4.3.1';

export async function dockerIsReachable(): Promise<boolean> {
  return run('docker', ['info', '--format', '{{.ServerVersion}}']).then(
    () => true,
    () => false,
  );
}

/**
 * A broker in a container.
 *
 * @param image   takes its settings from the variables that Apache Kafka's image takes
 * @param target  what it stands for: Apache's has to be told more
 */
export async function containerBroker(
  image: string,
  target: TargetName,
  settings: Readonly<Record<string, string>>,
): Promise<TargetBroker> {
  const [port = 0] = await freePorts(1);
  const variables = environment({
    ...(target === 'apache' && APACHE_SETTINGS),
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    ...settings,
  });
  const { GenericContainer, Wait } = await import('testcontainers'); // slow to load, rarely needed
  const container = await new GenericContainer(image)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment(variables)
    .withWaitStrategy(Wait.forLogMessage(/\S/)) // to look at its ports takes a shell, which ours lacks
    .start();
  const answered = async () => {
    const deadline = Date.now() + 60_000;
    while (!(await answers(port))) {
      if (Date.now() > deadline) throw new Error(`no answer from ${image} on port ${port}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  let running = true;
  return {
    bootstrapServers: `127.0.0.1:${port}`,
    dataFolders: [],
    start: async () => {
      if (!running) await run('docker', ['start', container.getId()]);
      running = true;
      await answered();
    },
    stop: async () => {
      running = false;
      await run('docker', ['stop', container.getId()]);
    },
    kill: async () => {
      running = false;
      await run('docker', ['kill', container.getId()]);
    },
    close: async () => {
      await container.stop();
    },
  };
}

/** What Apache's image needs to be one node that serves at once; ours needs none of it. */
const APACHE_SETTINGS = {
  'node.id': '1',
  'process.roles': 'broker,controller',
  'controller.quorum.voters': '1@localhost:9093',
  listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
};

function environment(settings: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`,
      value,
    ]),
  );
}
