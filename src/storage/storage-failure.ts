import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';

/**
 * How a write can end besides "committed", and what a read can find:
 * - `Fenced`: a newer leader (or nobody any more) owns the log; nothing was written.
 * - `NotCommitted`: nothing was written and nothing ever will be.
 * - `OutcomeUnknown`: the write failed half-way; the records may turn up after a restart.
 * - `Corrupt`: what is stored cannot be what was written.
 */
export type FailureKind = 'Fenced' | 'NotCommitted' | 'OutcomeUnknown' | 'Corrupt';

/** What a client hears. A retry is right after the first three, and harmless if idempotent. */
const failureCodes: Readonly<Record<FailureKind, ErrorName>> = {
  Fenced: 'NOT_LEADER_OR_FOLLOWER',
  NotCommitted: 'KAFKA_STORAGE_ERROR',
  OutcomeUnknown: 'REQUEST_TIMED_OUT',
  Corrupt: 'CORRUPT_MESSAGE',
};

/** The only error that leaves storage besides a refusal by the rules; raw I/O errors are its cause. */
export class StorageFailure extends KafkaError {
  override readonly name = 'StorageFailure';

  constructor(
    readonly kind: FailureKind,
    message: string,
    cause?: unknown,
  ) {
    super(failureCodes[kind], message);
    this.cause = cause;
  }
}
