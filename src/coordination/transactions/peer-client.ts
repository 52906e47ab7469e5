import type { ErrorName } from '../../protocol/error-codes.ts';
import type { AddPartitions } from './decide-partitions.ts';
import type { PartitionSet, TopicPartition, TransactionVersion } from './transaction.ts';

/** The outcome of a transaction, to be written into partitions of one leader. */
export interface TransactionMarker {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Leader epoch of the coordinator's partition: a marker of an older one is refused. */
  readonly coordinatorEpoch: number;
  readonly isCommit: boolean;
  readonly transactionVersion: TransactionVersion;
}

/** What became of one partition of a request to another broker. */
export interface PartitionOutcome extends TopicPartition {
  readonly error: ErrorName;
}

/** A transaction that leads of partitions want to add themselves to, or ask about. */
export interface AddOrVerify extends AddPartitions {
  /** Only asks whether the transaction has the partitions. */
  readonly verifyOnly: boolean;
}

/**
 * What brokers ask of each other. It is all there is between them, so that a test can delay or drop
 * it. A promise that rejects stands for a peer that does not answer: whether it did what it was asked
 * is not known then.
 */
export interface PeerClient {
  /** The leader of partitions writes a marker into them. */
  writeMarker(
    brokerId: number,
    marker: TransactionMarker,
    partitions: PartitionSet,
  ): Promise<readonly PartitionOutcome[]>;

  /** The coordinator of a transactional id takes partitions into the transaction, or verifies them. */
  addPartitions(brokerId: number, request: AddOrVerify): Promise<readonly PartitionOutcome[]>;
}
