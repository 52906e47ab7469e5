import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';

/**
 * How a write can end besides "committed", and what a read can find:
 * - `Fenced`: a newer leader (or nobody any more) owns the log; nothing was written.
 * - `NotCommitted`: nothing was written and nothing ever will be.
 * - `OutcomeUnknown`: the write failed half-way and could not be taken back; the records may turn up
 *   when the log is opened again.
 * - `Unreadable`: the disk does not give out what is stored; perhaps later.
 * - `Corrupt`: what is stored cannot be what was written.
 */
export type FailureKind = 'Fenced' | 'NotCommitted' | 'OutcomeUnknown' | 'Unreadable' | 'Corrupt';

/**
 * What a client hears. Every producer retries after the first three, which is harmless if it is
 * idempotent: what did turn up is known by its sequence. What they conclude differs, so the codes
 * must be true: librdkafka takes KAFKA_STORAGE_ERROR for "not persisted" and REQUEST_TIMED_OUT for
 * "possibly persisted"; Java's and kafkajs only retry, after the first with fresh metadata.
 */
const failureCodes: Readonly<Record<FailureKind, ErrorName>> = {
  Fenced: 'NOT_LEADER_OR_FOLLOWER',
  NotCommitted: 'KAFKA_STORAGE_ERROR',
  OutcomeUnknown: 'REQUEST_TIMED_OUT',
  Unreadable: 'KAFKA_STORAGE_ERROR',
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

/**
 * A file could not be written that can be built anew from what is durable: all that an fsync has
 * covered is covered still.
 */
export class CacheNotWritten extends Error {
  override readonly name = 'CacheNotWritten';

  constructor(override readonly cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause));
  }
}

/** A sentence with what the system said. */
export function withCause(sentence: string, cause: unknown): string {
  return cause instanceof Error ? `${sentence}: ${cause.message}` : sentence;
}

/** The system's code of an error (ENOSPC, EIO, ...); undefined for any other error. */
export function systemCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
