import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import { encodeMarker } from '../../coordination/transactions/encode-marker.ts';
import type {
  AddOrVerify,
  PartitionOutcome,
  PeerClient,
  TransactionMarker,
} from '../../coordination/transactions/peer-client.ts';
import type { PartitionSet, TopicPartition } from '../../coordination/transactions/transaction.ts';
import type { TransactionCoordinator } from '../../coordination/transactions/transaction-coordinator.ts';
import type { Clock } from '../../host/clock.ts';
import type { Logger } from '../../host/logger.ts';
import type { ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import type { MetadataImage } from '../catalog/image.ts';
import { offsetsTopic } from '../catalog/topic-name.ts';
import type { LedPartitions } from '../replica/led-partitions.ts';

/** What a broker does for its peers: `PeerClient` without the broker's id. */
export interface Peer {
  writeMarker(
    marker: TransactionMarker,
    partitions: PartitionSet,
  ): Promise<readonly PartitionOutcome[]>;
  addPartitions(request: AddOrVerify): Promise<readonly PartitionOutcome[]>;
}

export interface TransactionPeerParts {
  readonly partitions: LedPartitions;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The coordinator of transactions does not expect what the one of groups says. */
const groupErrors: Partial<Record<ErrorName, ErrorName>> = {
  COORDINATOR_NOT_AVAILABLE: 'NOT_LEADER_OR_FOLLOWER',
  COORDINATOR_LOAD_IN_PROGRESS: 'NOT_LEADER_OR_FOLLOWER',
  NOT_COORDINATOR: 'NOT_LEADER_OR_FOLLOWER',
};

/** One broker's part in the transactions of others: as a leader of partitions, and as a coordinator. */
export class TransactionPeer implements Peer {
  constructor(private readonly parts: TransactionPeerParts) {}

  writeMarker(
    marker: TransactionMarker,
    partitions: PartitionSet,
  ): Promise<readonly PartitionOutcome[]> {
    return Promise.all([...partitions.values()].map((one) => this.writeInto(one, marker)));
  }

  async addPartitions(request: AddOrVerify): Promise<readonly PartitionOutcome[]> {
    const { transactions, partitions } = this.parts;
    return addOrVerify(transactions, partitions.applied, request);
  }

  private async writeInto(
    { topic, partition }: TopicPartition,
    marker: TransactionMarker,
  ): Promise<PartitionOutcome> {
    const { partitions, groups, clock, logger } = this.parts;
    try {
      await partitions.opening(topic, partition);
      const led = partitions.lead(topic, partition);
      if (topic === offsetsTopic) await groups.completeTransaction(partition, marker);
      else await led.appendMarker(encodeMarker(marker, clock.wallMs()), marker.transactionVersion);
      return { topic, partition, error: 'NONE' };
    } catch (error) {
      if (error instanceof KafkaError) {
        return { topic, partition, error: groupErrors[error.code] ?? error.code };
      }
      logger.error('a transaction marker could not be appended', { topic, partition, error });
      return { topic, partition, error: 'UNKNOWN_SERVER_ERROR' };
    }
  }
}

/**
 * Takes partitions into a transaction, or verifies that it has them. All or none: if one of them does
 * not exist, the others are not attempted (row 144).
 */
export async function addOrVerify(
  transactions: TransactionCoordinator,
  image: MetadataImage,
  request: AddOrVerify,
): Promise<readonly PartitionOutcome[]> {
  const wanted = [...request.partitions];
  const isKnown = ({ topic, partition }: TopicPartition) =>
    image.topics.get(topic)?.partitions[partition] !== undefined;
  if (!wanted.every(([, one]) => isKnown(one))) {
    return wanted.map(([, one]) => ({
      ...one,
      error: isKnown(one) ? 'OPERATION_NOT_ATTEMPTED' : 'UNKNOWN_TOPIC_OR_PARTITION',
    }));
  }
  try {
    if (request.verifyOnly) {
      const errors = await transactions.verifyPartitions(request);
      return wanted.map(([key, one]) => ({ ...one, error: errors.get(key) ?? 'NONE' }));
    }
    await transactions.addPartitions(request);
    return wanted.map(([, one]) => ({ ...one, error: 'NONE' }));
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    const { code } = error;
    return wanted.map(([, one]) => ({ ...one, error: code }));
  }
}

/** The brokers of this process, reached without a wire. */
export class LocalPeers implements PeerClient {
  /** @param peerOf  undefined while the broker does not run */
  constructor(private readonly peerOf: (brokerId: number) => Peer | undefined) {}

  async writeMarker(brokerId: number, marker: TransactionMarker, partitions: PartitionSet) {
    return this.peer(brokerId).writeMarker(marker, partitions);
  }

  async addPartitions(brokerId: number, request: AddOrVerify) {
    return this.peer(brokerId).addPartitions(request);
  }

  private peer(brokerId: number): Peer {
    const peer = this.peerOf(brokerId);
    if (peer === undefined) throw new Error(`broker ${brokerId} does not run`);
    return peer;
  }
}
