import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { answers, freePorts } from '../../../scripts/apache-kafka/broker-process.ts';
import type { TargetBroker } from './brokers.ts';

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
 * @param image  Apache Kafka's, or one that takes its settings from the same environment variables
 */
export async function containerBroker(
  image: string,
  settings: Readonly<Record<string, string>>,
): Promise<TargetBroker> {
  const [port = 0] = await freePorts(1);
  const { GenericContainer, Wait } = await import('testcontainers'); // slow to load, rarely needed
  const container = await new GenericContainer(image)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment(environment(port, settings))
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
    close: async () => {
      await container.stop();
    },
  };
}

function environment(port: number, settings: Readonly<Record<string, string>>) {
  const all = {
    'node.id': '1',
    'process.roles': 'broker,controller',
    'controller.quorum.voters': '1@localhost:9093',
    listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    ...settings,
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [
      `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`,
      value,
    ]),
  );
}
