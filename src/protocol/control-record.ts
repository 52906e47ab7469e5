import { int16At, int32At, putInt16, putInt32 } from './big-endian.ts';
import { MalformedMessage } from './malformed-message.ts';
import { buildBatch } from './record-batch.ts';

/** The kinds of control records and their numbers in the key. */
const controlTypes = {
  ABORT: 0,
  COMMIT: 1,
  LEADER_CHANGE: 2,
  SNAPSHOT_HEADER: 3,
  SNAPSHOT_FOOTER: 4,
  KRAFT_VERSION: 5,
  KRAFT_VOTERS: 6,
} as const;

export type ControlType = keyof typeof controlTypes;

const names = new Map<number, ControlType>(
  Object.entries(controlTypes).map(([name, id]) => [id, name as ControlType]),
);

/** Key of a control record: int16 version 0, int16 kind. */
export function encodeControlKey(type: ControlType): Buffer {
  const key = Buffer.alloc(4);
  putInt16(key, 2, controlTypes[type]);
  return key;
}

/**
 * The kind of a control record by its key; undefined for one of a later Kafka, to be skipped.
 *
 * @throws {MalformedMessage} too short for a key
 */
export function controlTypeOf(key: Buffer | null): ControlType | undefined {
  if (key === null || key.length < 4) throw new MalformedMessage('a control record without a kind');
  return int16At(key, 0) < 0 ? undefined : names.get(int16At(key, 2));
}

/** Value of a transaction's marker (EndTxnMarker): int16 version 0, int32 epoch of the coordinator. */
export function encodeEndTransactionMarker(coordinatorEpoch: number): Buffer {
  const value = Buffer.alloc(6);
  putInt32(value, 2, coordinatorEpoch);
  return value;
}

/**
 * The coordinator's epoch in the value of a transaction's marker.
 *
 * @throws {MalformedMessage} too short
 */
export function decodeEndTransactionMarker(value: Buffer | null): number {
  if (value === null || value.length < 6) throw new MalformedMessage('a marker without an epoch');
  return int32At(value, 2);
}

/** A control batch to write: always one record, never compressed. */
export interface ControlBatchInput {
  readonly type: ControlType;
  /** The encoded value. */
  readonly value: Uint8Array;
  readonly timestamp: number;
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
  /** Of the transaction that ends; left out for the others, which are no transaction's. */
  readonly producerId?: number;
  readonly producerEpoch?: number;
}

export function buildControlBatch(batch: ControlBatchInput): Buffer {
  const { type, value, timestamp, ...rest } = batch;
  return buildBatch({
    ...rest,
    isControl: true,
    isTransactional: type === 'ABORT' || type === 'COMMIT',
    records: [{ timestamp, key: encodeControlKey(type), value }],
  });
}
