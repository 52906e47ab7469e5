import { SystemClock } from '../host/system-clock.ts';
import { SystemRandom } from '../host/system-random.ts';
import { LeveledLogger } from '../host/leveled-logger.ts';
import { silentLogger, type Logger } from '../host/logger.ts';
import { Cluster } from './cluster.ts';
import type { BrokerOptions } from './broker-options.ts';

export type { BrokerOptions, TopicOptions } from './broker-options.ts';

/** A running broker, or several of them in one process. */
export interface RunningBroker extends AsyncDisposable {
  /** What clients are given to connect: `host:port`, one per running broker, comma separated. */
  readonly bootstrapServers: string;
  /** Port of the first broker. */
  readonly port: number;
  readonly clusterId: string;
  /** Ids of the brokers, running or not. */
  readonly brokerIds: readonly number[];
  /** Stops one of several brokers: its leaderships and groups move to the others. */
  stopBroker(id: number): Promise<void>;
  /** Starts a stopped broker again, on its former ports. */
  startBroker(id: number): Promise<void>;
  /**
   * Answers what is under way, closes listeners, connections and files. Nothing is left behind.
   * Calling it again waits for the same end.
   */
  close(): Promise<void>;
}

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
export function startBroker(options: BrokerOptions = {}): Promise<RunningBroker> {
  return Cluster.start(options, {
    clock: options.clock ?? new SystemClock(),
    random: options.random ?? new SystemRandom(),
    logger: leveled(options.logger ?? silentLogger),
  });
}

/** Kafka's tools may change the level of a running broker. */
const leveled = (logger: Logger): LeveledLogger =>
  logger instanceof LeveledLogger ? logger : new LeveledLogger(logger, 'info');
