import type { Clock } from '../host/clock.ts';
import type { LeveledLogger } from '../host/leveled-logger.ts';
import type { Random } from '../host/random.ts';
import type { Uuid } from '../protocol/uuid.ts';
import type { LogStore } from '../storage/log-store.ts';
import type { Catalog } from './catalog/catalog.ts';

/** Time, chance and words of a process. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: LeveledLogger;
}

/** What the brokers share, opened. */
export interface Engine {
  readonly catalog: Catalog;
  readonly store: LogStore;
  /** Id of the first broker's log directory. */
  readonly directoryId: Uuid;
}
