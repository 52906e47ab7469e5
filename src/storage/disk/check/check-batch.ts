import { controlTypeOf } from '../../../protocol/control-record.ts';
import {
  batchHeaderSize,
  currentMagic,
  isControlAt,
  isTransactionalAt,
  lastOffsetDeltaAt,
  magicAt,
  maxTimestampAt,
  openRecords,
  producerIdAt,
  recordsCountAt,
} from '../../../protocol/record-batch.ts';
import type { RecordCursor } from '../../../protocol/record.ts';

/** Looks at a record's key and value. @throws an error that says what is wrong with them */
export type RecordInspector = (key: Buffer | null, value: Buffer | null) => void;

/** Why no whole batch begins where one should. */
export function frameInWords(header: Buffer, at: number, bytes: number, left: number): string {
  if (left < batchHeaderSize) return `the file ends ${left} bytes behind the beginning of a batch`;
  if (header.subarray(at, at + batchHeaderSize).every((byte) => byte === 0)) {
    return 'there are zeros where a batch should begin';
  }
  const magic = magicAt(header, at);
  if (magic === 0 || magic === 1)
    return `a message of the old format ${magic}, which is not served`;
  if (magic !== currentMagic) return `no batch begins here: its magic number is ${magic}`;
  if (bytes < batchHeaderSize) return `a batch says that it is ${bytes} bytes long`;
  return `a batch of ${bytes} bytes where the file has only ${left} more`;
}

/**
 * Goes through all records of a whole batch, whose checksum agrees.
 *
 * @param hasAll   no record can be missing: the log was never compacted
 * @param inspect  for the records that are none of control
 * @returns what is wrong
 */
export function recordsProblem(
  buffer: Buffer,
  at: number,
  hasAll: boolean,
  inspect: RecordInspector | undefined,
): string | undefined {
  const lastDelta = lastOffsetDeltaAt(buffer, at);
  if (lastDelta < 0) return `the last offset delta is ${lastDelta}`;
  const count = recordsCountAt(buffer, at);
  if (hasAll && count !== lastDelta + 1) {
    return `${count} records do not fill offsets 0 to ${lastDelta} of the batch`;
  }
  if (isTransactionalAt(buffer, at) && producerIdAt(buffer, at) < 0) {
    return 'a batch of a transaction does not say its producer';
  }
  const isControl = isControlAt(buffer, at);
  try {
    const cursor = openRecords(buffer, at);
    for (let previous = -1; cursor.next(); previous = cursor.offsetDelta) {
      const problem = recordProblem(cursor, previous, lastDelta, maxTimestampAt(buffer, at));
      if (problem !== undefined) return problem;
      if (isControl) controlTypeOf(cursor.key());
      else inspect?.(cursor.key(), cursor.value());
    }
    return undefined;
  } catch (error) {
    return `the records cannot be read: ${(error as Error).message}`;
  }
}

function recordProblem(
  cursor: RecordCursor,
  previous: number,
  lastDelta: number,
  maxTimestamp: number,
): string | undefined {
  const { offsetDelta, timestamp } = cursor;
  if (offsetDelta <= previous) return `a record's offset delta ${offsetDelta} follows ${previous}`;
  if (offsetDelta > lastDelta) {
    return `a record's offset delta ${offsetDelta} is past the batch's last, ${lastDelta}`;
  }
  return timestamp > maxTimestamp
    ? `a record's timestamp ${timestamp} is above the batch's largest, ${maxTimestamp}`
    : undefined;
}
