import { Descriptors } from '../host/descriptors.ts';
import { freeDescriptors } from '../host/free-descriptors.ts';
import { SystemClock } from '../host/system-clock.ts';
import { SystemRandom } from '../host/system-random.ts';
import { LeveledLogger } from '../host/leveled-logger.ts';
import { silentLogger, type Logger } from '../host/logger.ts';
import { Cluster } from './cluster.ts';
import type { BrokerOptions } from './broker-options.ts';
import type { RunningBroker } from './running-broker.ts';

export type { BrokerOptions, TopicOptions } from './broker-options.ts';
export type { RunningBroker } from './running-broker.ts';

/**
 * Starts a Kafka broker in this process; ready to serve when it resolves.
 *
 * ```ts
 * await using broker = await startBroker({ topics: ['orders'] });
 * const kafka = new Kafka({ brokers: [broker.bootstrapServers] });
 * ```
 *
 * Without options: one broker, in memory, on a free port of 127.0.0.1. Any number may run in one
 * process.
 *
 * @throws {Error} a bad configuration, a folder that cannot be used, a port that is taken
 */
export async function startBroker(options: BrokerOptions = {}): Promise<RunningBroker> {
  checkOptions(options);
  return Cluster.start(options, {
    clock: options.clock ?? new SystemClock(),
    random: options.random ?? new SystemRandom(),
    logger: leveled(options.logger ?? silentLogger),
    descriptors: new Descriptors(freeDescriptors()),
  });
}

const optionNames: Readonly<Record<keyof BrokerOptions, true>> = {
  port: true,
  host: true,
  dataDir: true,
  clusterId: true,
  brokers: true,
  properties: true,
  topics: true,
  logger: true,
  clock: true,
  random: true,
  disk: true,
};

/** Types say it already, but not to those who write JavaScript. */
function checkOptions(options: BrokerOptions): void {
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(optionNames, name));
  if (unknown.length > 0) {
    const known = Object.keys(optionNames).join(', ');
    throw new TypeError(`startBroker has no option ${unknown.join(', ')}; there are ${known}`);
  }
  for (const topic of options.topics ?? []) {
    const { name } = typeof topic === 'string' ? { name: topic } : topic;
    if (typeof name !== 'string') throw new TypeError('every topic of startBroker needs a name');
  }
}

/** Kafka's tools may change the level of a running broker. */
const leveled = (logger: Logger): LeveledLogger =>
  logger instanceof LeveledLogger ? logger : new LeveledLogger(logger, 'info');
