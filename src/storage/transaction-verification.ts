import { KafkaError } from '../protocol/kafka-error.ts';

/** The producer of a transactional batch that is about to be appended. */
export interface TransactionalProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** First sequence number of the batch; -1 for a coordinator's, which has none. */
  readonly baseSequence: number;
  /** The partition is added to the transaction by this very append (KIP-890), not before it. */
  readonly addsPartition: boolean;
}

/**
 * Shown with a batch: the coordinator was asked about this transaction after the guard was made. It
 * is told apart by identity: one of an earlier transaction of the same producer is worth nothing.
 */
export interface VerificationGuard {
  readonly producerId: number;
}

interface Verification {
  readonly guard: VerificationGuard;
  readonly addsPartition: boolean;
  readonly beganMs: number;
  producerEpoch: number;
  lowestSequence: number;
}

/**
 * Transactions of one log that are about to write here for the first time (KIP-890). A batch is
 * refused unless its transaction has written already, or shows the guard that was made before the
 * coordinator was asked. So nothing is appended behind a marker that ended the transaction meanwhile,
 * which would hang there for ever. All of it is soft: after a restart the producer is asked for anew.
 */
export class Verifications {
  private readonly byProducer = new Map<number, Verification>();

  begin(producer: TransactionalProducer, nowMs: number): VerificationGuard {
    const { producerId, producerEpoch, baseSequence, addsPartition } = producer;
    const known = this.byProducer.get(producerId);
    if (known === undefined) {
      const guard = { producerId };
      this.byProducer.set(producerId, {
        guard,
        addsPartition,
        beganMs: nowMs,
        producerEpoch,
        lowestSequence: baseSequence,
      });
      return guard;
    }
    if (producerEpoch > known.producerEpoch) {
      known.producerEpoch = producerEpoch;
      known.lowestSequence = baseSequence;
    } else if (producerEpoch === known.producerEpoch) {
      known.lowestSequence = Math.min(known.lowestSequence, baseSequence);
    }
    return known.guard;
  }

  isCurrent(producerId: number, guard: VerificationGuard | undefined): boolean {
    return guard !== undefined && this.byProducer.get(producerId)?.guard === guard;
  }

  /**
   * A later batch must not overtake an earlier one that was refused and is sent again, and where a
   * log knows nothing of a producer of KIP-890, only its very first batch is taken.
   *
   * @param isKnown  whether the log remembers a batch of the producer
   * @throws {KafkaError} OUT_OF_ORDER_SEQUENCE_NUMBER
   */
  checkSequence(producerId: number, firstSequence: number, isKnown: boolean): void {
    const verification = this.byProducer.get(producerId);
    if (verification === undefined) return;
    if (verification.addsPartition && firstSequence !== 0 && !isKnown) {
      throw new KafkaError(
        'OUT_OF_ORDER_SEQUENCE_NUMBER',
        `producer ${producerId} is not known here and sent sequence ${firstSequence}, not 0`,
      );
    }
    if (firstSequence > verification.lowestSequence) {
      throw new KafkaError(
        'OUT_OF_ORDER_SEQUENCE_NUMBER',
        `producer ${producerId} sent sequence ${firstSequence} before ${verification.lowestSequence}`,
      );
    }
  }

  /** A transactional batch was appended: the log knows of the transaction now. */
  onData(producerId: number): void {
    this.byProducer.delete(producerId);
  }

  /** A marker was appended. The next transaction of KIP-890 may have begun already: it has the marker's epoch. */
  onMarker(producerId: number, producerEpoch: number): void {
    const verification = this.byProducer.get(producerId);
    if (verification?.addsPartition === true && verification.producerEpoch === producerEpoch)
      return;
    this.byProducer.delete(producerId);
  }

  /** Forgets those that never led to an append. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [producerId, { beganMs }] of this.byProducer) {
      if (nowMs - beganMs >= expirationMs) this.byProducer.delete(producerId);
    }
  }
}
