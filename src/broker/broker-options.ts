import type { Clock } from '../host/clock.ts';
import type { Disk } from '../host/disk.ts';
import type { Logger } from '../host/logger.ts';
import type { Random } from '../host/random.ts';

/** A topic that shall exist when the broker is ready; one that exists already is left as it is. */
export interface TopicOptions {
  readonly name: string;
  /** Default: `num.partitions`. */
  readonly partitions?: number;
  /** Default: `default.replication.factor`, at most the number of brokers. */
  readonly replicationFactor?: number;
  /** Topic configuration by Kafka's names, as with CreateTopics. */
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * What a broker is started with. Everything may be left out: that is one broker in memory on a free
 * port of this machine. What is set here wins over `properties`.
 */
export interface BrokerOptions {
  /**
   * Port of the first broker's listener, 0 for any free one; further brokers take the ports that
   * follow (or free ones as well). Default: the port in `properties.listeners`, else 0.
   */
  readonly port?: number;
  /**
   * Address to listen on, and to tell clients unless `advertised.listeners` names another; for all
   * addresses (`0.0.0.0`, `::`) they are told `localhost`. Default: the host in `listeners`, else
   * 127.0.0.1.
   */
  readonly host?: string;
  /**
   * Folder of the data, created when absent; several (as `log.dirs`) share the partitions, and the
   * first has the catalog. Left out: everything is kept in memory.
   */
  readonly dataDir?: string | readonly string[] | undefined;
  /** Cluster id of a new folder (or of memory); an old folder must have it. Default: a random one. */
  readonly clusterId?: string;
  /** How many brokers this process runs, ids from `node.id` on. Default: 1. */
  readonly brokers?: number;
  /**
   * Configuration by Kafka's property names, as in `server.properties`; bad values are refused, names
   * that Kafka does not know are ignored, and the logger is told.
   */
  readonly properties?: Readonly<Record<string, string>>;
  /**
   * Topics to create before the broker is ready; a name alone means all defaults. One that is in the
   * folder already keeps its partitions and its configuration, whatever is said here.
   */
  readonly topics?: readonly (string | TopicOptions)[];
  /** `console` will do. Default: says nothing. */
  readonly logger?: Logger;
  /** Default: the machine's own. Tests give a ManualClock, a seeded Random, a disk in memory. */
  readonly clock?: Clock;
  readonly random?: Random;
  readonly disk?: Disk;
}
