import { pause } from '../../coordination/pause.ts';
import { partitionFor } from '../../coordination/partition-for.ts';
import type { ProducerIdentity } from '../../coordination/transactions/decide-init.ts';
import type { PartitionOutcome, PeerClient } from '../../coordination/transactions/peer-client.ts';
import { partitionKey, partitionSet } from '../../coordination/transactions/transaction.ts';
import type { Clock } from '../../host/clock.ts';
import type { Logger } from '../../host/logger.ts';
import type { ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import type { AppendOptions } from '../../storage/partition-log.ts';
import type { MetadataImage } from '../catalog/image.ts';
import { transactionsTopic } from '../catalog/topic-name.ts';
import type { LedPartition } from '../replica/led-partition.ts';

/**
 * What the client of a transactional append knows:
 * - `plain`: partitions were added before; it does not know TRANSACTION_ABORTABLE.
 * - `abortable`: the same, and it does.
 * - `adding`: this append adds its partitions (KIP-890).
 */
export type ClientKind = 'plain' | 'abortable' | 'adding';

/** Batches of one transaction that are about to be appended. */
export interface TransactionalAppend extends ProducerIdentity {
  readonly transactionalId: string;
  readonly kind: ClientKind;
  readonly partitions: readonly { readonly led: LedPartition; readonly baseSequence: number }[];
}

export interface VerificationSettings {
  /** `transaction.partition.verification.enable` */
  readonly isEnabled: boolean;
  /** `add.partitions.to.txn.retry.backoff.ms`, for as long as `...max.ms` */
  readonly retryMs: number;
  readonly retryForMs: number;
}

/** Per partition: what the append has to show, or why it is refused. */
export type Verified = ReadonlyMap<LedPartition, AppendOptions['verification'] | KafkaError>;

export interface VerifierParts {
  readonly peers: PeerClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly image: () => MetadataImage;
  readonly settings: () => VerificationSettings;
}

/**
 * Sees to it that nothing of a transaction is appended to a partition that its coordinator does not
 * know of: it would hang there, with no marker to come. Asks the coordinator once per transaction and
 * partition; from then on the log itself knows.
 */
export class PartitionVerifier {
  constructor(private readonly parts: VerifierParts) {}

  /**
   * Verifies (or adds) the partitions. While the last transaction of the producer is still completing,
   * which is short, one that adds partitions tries again instead of having the client send all anew.
   */
  async verifyWithRetry(append: TransactionalAppend): Promise<Verified> {
    const { clock, settings } = this.parts;
    const { retryMs, retryForMs } = settings();
    const untilMs = clock.monotonicMs() + retryForMs;
    for (;;) {
      const verified = await this.verify(append);
      const isBusy = [...verified.values()].some(
        (one) => one instanceof KafkaError && one.code === 'CONCURRENT_TRANSACTIONS',
      );
      if (!isBusy || append.kind !== 'adding' || clock.monotonicMs() >= untilMs) return verified;
      await pause(clock, retryMs);
    }
  }

  async verify(append: TransactionalAppend): Promise<Verified> {
    const { isEnabled } = this.parts.settings();
    const verified = new Map<LedPartition, AppendOptions['verification'] | KafkaError>();
    if (!isEnabled && append.kind !== 'adding') {
      for (const { led } of append.partitions) verified.set(led, 'off');
      return verified;
    }
    const asked: LedPartition[] = [];
    for (const { led, baseSequence } of append.partitions) {
      const guard = begin(append, led, baseSequence);
      verified.set(led, guard !== undefined && !isEnabled ? 'off' : guard);
      if (guard !== undefined && !(guard instanceof KafkaError)) asked.push(led);
    }
    if (asked.length === 0) return verified;
    const errors = await this.ask(append, asked);
    for (const led of asked) {
      const error = errors.get(keyOf(led)) ?? 'NONE';
      if (error !== 'NONE') verified.set(led, refusal(error, append));
    }
    return verified;
  }

  private async ask(
    { transactionalId, producerId, producerEpoch, kind }: TransactionalAppend,
    partitions: readonly LedPartition[],
  ): Promise<ReadonlyMap<string, ErrorName>> {
    const wanted = partitionSet(
      partitions.map(({ topicName, partition }) => ({ topic: topicName, partition })),
    );
    const all = (error: ErrorName) => new Map([...wanted.keys()].map((key) => [key, error]));
    const coordinator = this.coordinatorOf(transactionalId);
    if (coordinator === undefined) return all('COORDINATOR_NOT_AVAILABLE');
    let outcomes: readonly PartitionOutcome[];
    try {
      outcomes = await this.parts.peers.addPartitions(coordinator, {
        transactionalId,
        producerId,
        producerEpoch,
        partitions: wanted,
        verifyOnly: kind !== 'adding',
        clientVersion: 2,
      });
    } catch (error) {
      this.parts.logger.debug('a transaction coordinator does not answer', { coordinator, error });
      return all('NETWORK_EXCEPTION');
    }
    return new Map(outcomes.map((outcome) => [partitionKey(outcome), outcome.error]));
  }

  private coordinatorOf(transactionalId: string): number | undefined {
    const partitions = this.parts.image().topics.get(transactionsTopic)?.partitions;
    if (partitions === undefined) return undefined;
    const leader = partitions[partitionFor(transactionalId, partitions.length)]?.leader ?? -1;
    return leader < 0 ? undefined : leader;
  }
}

function begin(append: TransactionalAppend, led: LedPartition, baseSequence: number) {
  const { producerId, producerEpoch, kind } = append;
  const addsPartition = kind === 'adding';
  try {
    return led.log.beginVerification({ producerId, producerEpoch, baseSequence, addsPartition });
  } catch (error) {
    if (error instanceof KafkaError) return error;
    throw error;
  }
}

/** Producers know the epoch's error under another name, and old ones do not know the newest error. */
function refusal(error: ErrorName, { transactionalId, kind }: TransactionalAppend): KafkaError {
  const words = `the coordinator of ${transactionalId} says ${error}`;
  if (error === 'PRODUCER_FENCED') return new KafkaError('INVALID_PRODUCER_EPOCH', words);
  if (error === 'TRANSACTION_ABORTABLE' && kind === 'plain') {
    return new KafkaError('INVALID_TXN_STATE', words);
  }
  return new KafkaError(error, words);
}

function keyOf({ topicName, partition }: LedPartition): string {
  return partitionKey({ topic: topicName, partition });
}
