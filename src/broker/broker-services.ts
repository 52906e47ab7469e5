import type { GroupCoordinator } from '../coordination/group-coordinator.ts';
import type { ProducerIds } from '../coordination/producer-ids.ts';
import type { TransactionCoordinator } from '../coordination/transactions/transaction-coordinator.ts';
import type { Clock } from '../host/clock.ts';
import type { LeveledLogger } from '../host/leveled-logger.ts';
import type { LargeBatches } from '../storage/large-batches.ts';
import type { LogStore } from '../storage/log-store.ts';
import type { Catalog } from './catalog/catalog.ts';
import type { TopicCreation } from './catalog/topic-creation.ts';
import type { Deadlines } from './deadlines.ts';
import type { FetchSessions } from './fetch/fetch-sessions.ts';
import type { PartitionReader } from './fetch/read-partitions.ts';
import type { NodeSettings } from './node-settings.ts';
import type { LedPartitions } from './replica/led-partitions.ts';
import type { Peer } from './transactions/transaction-peer.ts';
import type { PartitionVerifier } from './transactions/verification.ts';

/** Everything the handlers of one broker work with. */
export interface BrokerServices {
  readonly settings: NodeSettings;
  /** The node in charge of the catalog: the first broker of the process. */
  readonly controllerId: number;
  readonly clock: Clock;
  readonly logger: LeveledLogger;
  readonly catalog: Catalog;
  readonly store: LogStore;
  readonly largeBatches: LargeBatches;
  readonly partitions: LedPartitions;
  readonly deadlines: Deadlines;
  readonly sessions: FetchSessions;
  readonly reader: PartitionReader;
  readonly topicCreation: TopicCreation;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  /** This broker's part in the transactions of others. */
  readonly peer: Peer;
  readonly verifier: PartitionVerifier;
  readonly producerIds: ProducerIds;
  /** Bytes that responses may still take while slow readers hold others. */
  responseBytesLeft(): number;
}
