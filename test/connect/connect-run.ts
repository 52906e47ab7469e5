import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { apacheKafkaJars } from '../../scripts/apache-kafka/jars.ts';
import {
  repository,
  startTarget,
  type TargetBroker,
  type TargetName,
} from '../compat/support/brokers.ts';
import { RawClient } from '../support/raw-client.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { ConnectCluster } from './connect-cluster.ts';
import { sinkNames, sinks, sourceNames, sources, type Boundary } from './connectors.ts';
import { schedule, type Disturbance } from './disturbances.ts';
import { inspect, resetSink, type Findings } from './inspection.ts';
import { internalTopicMistakes } from './internal-topics.ts';
import type { Delivery } from './verdict.ts';

export interface ConnectRun {
  readonly target: TargetName;
  readonly delivery: Delivery;
  readonly seed: number;
  /** What happens, in this order; chosen by the seed when left out. */
  readonly disturbances?: readonly Disturbance[];
  readonly sessionTimeoutMs?: number;
  readonly say: (line: string) => void;
  /** Looks at the cluster before anything is stopped. */
  readonly look?: (cluster: ConnectCluster, broker: TargetBroker) => Promise<void>;
  /** Reads the files of the broker when it has stopped. @returns what is wrong with them */
  readonly readFiles?: (dataFolders: readonly string[]) => Promise<readonly string[]>;
}

/** Given to either target. A restart of Apache Kafka waits for the end of its broker's old session. */
const brokerSettings = {
  'auto.create.topics.enable': 'false',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'log.cleaner.backoff.ms': '500',
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
};
const quietSessionTimeoutMs = 6_000;
const shortestFlowMs = 500;
const longestFlowMs = 3_000;

/**
 * A cluster of Kafka Connect over one broker. Numbers and lines flow from sources through topics to sinks while workers and
 * broker are restarted and killed; then every record is looked for.
 *
 * @returns what was wrong
 */
export async function connectRun(run: ConnectRun): Promise<readonly string[]> {
  const { target, delivery, say } = run;
  const random = new SeededRandom(run.seed);
  const boundary: Boundary = random.pick(['poll', 'interval']);
  const disturbances = run.disturbances ?? schedule(random);
  const folder = await mkdtemp(join(tmpdir(), 'connect-'));
  const libs = await apacheKafkaJars(repository, 'kafka-connect');
  const broker = await startTarget(target, { settings: brokerSettings });
  const { sessionTimeoutMs = quietSessionTimeoutMs } = run;
  const cluster = await ConnectCluster.create({
    ...{ broker, folder, libs, delivery, sessionTimeoutMs, random },
  });
  const mistakes: string[] = [];
  try {
    await cluster.start();
    mistakes.push(...(await withClient(broker, internalTopicMistakes)));
    const { feed, outputFile } = cluster;
    const wishes = { delivery, boundary, inputFile: feed.file, outputFile };
    await cluster.create(sources(wishes)); // they make the topics, of which the sinks have to know
    await cluster.create(sinks(wishes));
    await cluster.untilFlowing();
    for (const disturbance of disturbances) {
      await pause(shortestFlowMs + random.below(longestFlowMs - shortestFlowMs));
      const beginMs = performance.now();
      await cluster.disturb(disturbance);
      say(`${disturbance}: ${((performance.now() - beginMs) / 1_000).toFixed(1)} s`);
    }
    await run.look?.(cluster, broker);
    const findings = await withClient(broker, async (client) =>
      inspect({ cluster, client, delivery }),
    );
    say(told(findings));
    mistakes.push(...findings.mistakes);
    mistakes.push(...(await resetSink(cluster)));
    mistakes.push(...(await deleteAll(cluster)));
    await cluster.close('SIGTERM');
    mistakes.push(...(await withClient(broker, internalTopicMistakes)));
    await broker.stop();
    mistakes.push(...((await run.readFiles?.(broker.dataFolders)) ?? []));
  } catch (error) {
    mistakes.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await cluster.close();
    if (mistakes.length === 0) {
      await broker.close();
      await rm(folder, { recursive: true, force: true });
    } else {
      await broker.kill();
      say(`kept: ${folder} (workers), ${broker.dataFolders.join()} (broker)`);
    }
  }
  return mistakes;
}

async function withClient<T>(
  broker: TargetBroker,
  work: (client: RawClient) => Promise<T>,
): Promise<T> {
  const client = await RawClient.connect(broker.bootstrapServers);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

async function deleteAll(cluster: ConnectCluster): Promise<string[]> {
  const { rest } = cluster.worker;
  for (const name of [...Object.values(sourceNames), ...Object.values(sinkNames)])
    await rest.delete(name);
  const left = await rest.names();
  return left.length === 0 ? [] : [`connectors that were deleted are there: ${left.join()}`];
}

function told(findings: Findings): string {
  const { numbers, lines, aborted, sinkRepeats, lineRepeats, offsets } = findings;
  const sequence = ({ count, missing, repeated }: Findings['numbers']): string =>
    `${count} (${missing} missing, ${repeated} repeated)`;
  return [
    `numbers ${sequence(numbers)}`,
    `lines ${sequence(lines)}`,
    `${aborted} records of aborted transactions`,
    `sinks were given ${sinkRepeats} numbers and ${lineRepeats} lines again`,
    `offsets topic holds ${offsets.left} of ${offsets.written}`,
  ].join('; ');
}
