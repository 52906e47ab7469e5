import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '../../scripts/apache-kafka/broker-process.ts';
import type { TargetBroker } from '../compat/support/brokers.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { ConnectWorker } from './connect-worker.ts';
import { numberTasks, type ConnectorPlan } from './connectors.ts';
import type { Disturbance } from './disturbances.ts';
import { internalTopicProperties } from './internal-topics.ts';
import { Journal } from './journal.ts';
import { lineOf, LineFeed, linesIn } from './line-feed.ts';
import type { Delivery } from './verdict.ts';

const flowTimeoutMs = 120_000;
const lookEveryMs = 200;
const longestDowntimeMs = 1_500;

export const groupId = 'connect';

export interface ClusterOptions {
  readonly broker: TargetBroker;
  readonly folder: string;
  readonly libs: string;
  readonly delivery: Delivery;
  readonly sessionTimeoutMs: number;
  readonly random: SeededRandom;
}

/** Workers over a broker, and all that is known of the records that pass through them. */
export class ConnectCluster {
  readonly journal = new Journal();
  readonly feed: LineFeed;
  readonly outputFile: string;
  private readonly workers: readonly ConnectWorker[];
  private plans: readonly ConnectorPlan[] = [];

  private constructor(
    private readonly options: ClusterOptions,
    restPorts: readonly number[],
  ) {
    const { folder, libs } = options;
    this.feed = new LineFeed(join(folder, 'input.txt'));
    this.outputFile = join(folder, 'output.txt');
    this.workers = restPorts.map(
      (restPort, index) =>
        new ConnectWorker({
          name: `worker-${index + 1}`,
          folder,
          libs,
          restPort,
          properties: workerProperties(options),
          onLine: (line) => this.journal.hear(line),
        }),
    );
  }

  static async create(options: ClusterOptions): Promise<ConnectCluster> {
    return new ConnectCluster(options, await freePorts(2));
  }

  get running(): ConnectWorker[] {
    return this.workers.filter((worker) => worker.isRunning);
  }

  /** A worker that answers. */
  get worker(): ConnectWorker {
    const [worker] = this.running;
    if (worker === undefined) throw new Error('no worker runs');
    return worker;
  }

  async start(): Promise<void> {
    await this.workers[0]!.start();
    this.feed.start();
  }

  async create(plans: readonly ConnectorPlan[]): Promise<void> {
    for (const { name, config } of plans) await this.worker.rest.create(name, config);
    this.plans = [...this.plans, ...plans];
    await this.until('all connectors run', async () => this.allRun());
  }

  /** Does it, and waits until everything runs and records flow through everything again. */
  async disturb(disturbance: Disturbance): Promise<void> {
    const { random, broker } = this.options;
    const worker = random.pick(this.running);
    switch (disturbance) {
      case 'a worker is restarted':
        await leave(worker);
        await worker.start();
        break;
      case 'a worker is killed':
        await worker.end('SIGKILL');
        await worker.start();
        break;
      case 'the broker is restarted':
        await broker.stop();
        await pause(random.below(longestDowntimeMs));
        await broker.start();
        break;
      case 'the broker is killed':
        await broker.kill();
        await pause(random.below(longestDowntimeMs));
        await broker.start();
        break;
      case 'worker and broker are killed':
        await Promise.all([worker.end('SIGKILL'), broker.kill()]);
        await broker.start();
        await worker.start();
        break;
      case 'a worker joins':
        await this.workers.find((each) => !each.isRunning)!.start();
        await this.until('tasks are on both workers', async () => (await this.homes()).size === 2);
        break;
      case 'a worker leaves':
        await leave(worker);
        await this.until('tasks are on one worker', async () => (await this.homes()).size === 1);
        break;
      case 'a worker dies':
        await worker.end('SIGKILL');
        await this.until('tasks are on one worker', async () => (await this.homes()).size === 1);
        break;
    }
    await this.untilFlowing();
  }

  /** Waits until every connector and task runs, and what is written from now on has come out again. */
  async untilFlowing(): Promise<void> {
    const written = new Map(this.journal.acknowledged);
    const lines = this.feed.count;
    const flows = (): boolean => {
      const tasks = Array.from({ length: numberTasks }, (_, task) => task);
      return (
        tasks.every((task) => (this.journal.sunk.get(task) ?? 0) > (written.get(task) ?? 0)) &&
        linesIn(this.outputFile).includes(lineOf(lines))
      );
    };
    await this.until('records flow through all connectors', async () => {
      return (await this.allRun()) && flows();
    });
  }

  /** Waits for a condition. A task that has failed ends the waiting. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + flowTimeoutMs;
    while (!(await holds())) {
      if (performance.now() > deadline) {
        const all = await Promise.all(this.plans.map(async ({ name }) => this.status(name)));
        throw new Error(`still not: ${what}; ${JSON.stringify(all)}`);
      }
      await pause(lookEveryMs);
    }
  }

  /** Ends everything of it. */
  async close(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    this.feed.stop();
    for (const worker of this.running) {
      if (signal === 'SIGTERM') await leave(worker);
      else await worker.end(signal);
    }
  }

  private async status(name: string) {
    return this.worker.rest.status(name);
  }

  private async allRun(): Promise<boolean> {
    let isRunning = true;
    for (const { name, tasks: count } of this.plans) {
      const { connector, tasks } = await this.status(name);
      const failed = [connector, ...tasks].find(({ state }) => state === 'FAILED');
      if (failed !== undefined) throw new Error(`${name} has failed: ${failed.trace ?? ''}`);
      isRunning &&= connector.state === 'RUNNING' && tasks.length === count;
      isRunning &&= tasks.every(({ state }) => state === 'RUNNING');
    }
    return isRunning;
  }

  /** Workers that run a task or a connector. */
  private async homes(): Promise<Set<string>> {
    const homes = new Set<string>();
    for (const { name } of this.plans) {
      const { connector, tasks } = await this.status(name);
      for (const { worker_id: id } of [connector, ...tasks]) homes.add(id);
    }
    return homes;
  }
}

/** As an operator stops it. */
async function leave(worker: ConnectWorker): Promise<void> {
  const how = await worker.end('SIGTERM');
  // 143 is what a JVM says that was asked to stop; anything else was forced.
  if (how !== 'code 143') throw new Error(`${worker.name} ended with ${how} when it was to stop`);
}

function workerProperties(options: ClusterOptions): Record<string, string> {
  const { broker, delivery, sessionTimeoutMs } = options;
  return {
    'bootstrap.servers': broker.bootstrapServers,
    'group.id': groupId,
    'session.timeout.ms': String(sessionTimeoutMs),
    'heartbeat.interval.ms': String(Math.floor(sessionTimeoutMs / 4)),
    // Members of the sinks' groups that a killed worker leaves behind.
    'consumer.session.timeout.ms': String(sessionTimeoutMs),
    'consumer.heartbeat.interval.ms': String(Math.floor(sessionTimeoutMs / 4)),
    'scheduled.rebalance.max.delay.ms': '1000',
    'offset.flush.interval.ms': '500',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    'plugin.discovery': 'service_load',
    ...internalTopicProperties(),
    ...(delivery === 'exactly-once' && {
      'exactly.once.source.support': 'enabled',
      'consumer.isolation.level': 'read_committed',
    }),
  };
}
