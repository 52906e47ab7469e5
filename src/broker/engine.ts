import type { PeerClient } from '../coordination/transactions/peer-client.ts';
import type { Clock } from '../host/clock.ts';
import type { Descriptors } from '../host/descriptors.ts';
import type { LeveledLogger } from '../host/leveled-logger.ts';
import type { Random } from '../host/random.ts';
import type { Uuid } from '../protocol/uuid.ts';
import type { LargeBatches } from '../storage/large-batches.ts';
import type { LogStore } from '../storage/log-store.ts';
import type { Catalog } from './catalog/catalog.ts';
import type { OpenListener } from './network/listener.ts';

/** Time, chance and words of a process. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: LeveledLogger;
  /** Default: as many as anybody likes. */
  readonly descriptors?: Descriptors;
  /** Stands between the brokers of the process, where a test wants to delay or drop what they say. */
  readonly between?: (peers: PeerClient) => PeerClient;
  /** Binds ports; in the place of the system, where a test wants brokers without a network. */
  readonly openListener?: OpenListener;
}

/** What all stores and brokers of a process work with. */
export interface Shared extends Surroundings {
  readonly largeBatches: LargeBatches;
}

/** What the brokers share, opened. */
export interface Engine {
  readonly catalog: Catalog;
  readonly store: LogStore;
  readonly directories: EngineDirectories;
}

/** The log directories of the first broker. */
export interface EngineDirectories {
  /** Ids of those that can be used. */
  readonly online: readonly Uuid[];
  /** Some cannot be used: what does not lie in those above is out of reach. */
  readonly isPartial: boolean;
  /** @param listener  told when one of several went offline */
  watch(listener: () => void): void;
}
