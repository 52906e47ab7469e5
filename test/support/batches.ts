import {
  buildControlBatch,
  encodeEndTransactionMarker,
} from '../../src/protocol/control-record.ts';
import type { ByteRange } from '../../src/protocol/byte-range.ts';
import type { BatchInput } from '../../src/protocol/record-batch.ts';
import { buildBatch, readRecords } from '../../src/protocol/record-batch.ts';
import type { PartitionLog, ReadLimit } from '../../src/storage/partition-log.ts';

export const startMs = 1_700_000_000_000;

export function rangeOf(buffer: Buffer): ByteRange {
  return { buffer, start: 0, end: buffer.length };
}

/** A batch with one record per value, all of one time. */
export function batchOf(
  values: readonly string[],
  changes: Partial<BatchInput> & { timestamp?: number; key?: string | null } = {},
): ByteRange {
  const { timestamp = startMs, key = 'k', ...rest } = changes;
  return rangeOf(
    buildBatch({
      records: values.map((value) => ({
        timestamp,
        key: key === null ? null : Buffer.from(key),
        value: Buffer.from(value),
      })),
      ...rest,
    }),
  );
}

/** A batch of an idempotent producer, with `count` records from `baseSequence` on. */
export function idempotentBatch(
  producerId: number,
  producerEpoch: number,
  baseSequence: number,
  count = 1,
  changes: Partial<BatchInput> & { timestamp?: number } = {},
): ByteRange {
  const values = Array.from({ length: count }, (_, i) => `s${baseSequence + i}`);
  return batchOf(values, { producerId, producerEpoch, baseSequence, ...changes });
}

/** The marker that ends a transaction. */
export function marker(
  type: 'ABORT' | 'COMMIT',
  producerId: number,
  producerEpoch: number,
  coordinatorEpoch = 0,
): ByteRange {
  const value = encodeEndTransactionMarker(coordinatorEpoch);
  return rangeOf(buildControlBatch({ type, value, timestamp: startMs, producerId, producerEpoch }));
}

/** Appends one batch of the given values as a client does, and waits until it is committed. */
export async function put(log: PartitionLog, values: readonly string[], timestamp = startMs) {
  const ticket = log.append(batchOf(values, { timestamp }), { leaderEpoch: 0, origin: 'client' });
  await ticket.commit.done;
  return ticket;
}

/** All values from an offset on, read in as many steps as it takes. */
export async function valuesFrom(
  log: PartitionLog,
  fromOffset: number,
  limit: ReadLimit = 'highWatermark',
  maxBytes = 1_000_000,
): Promise<string[]> {
  const values: string[] = [];
  let next = fromOffset;
  for (;;) {
    const result = await log.read({ fromOffset: next, maxBytes, minOneBatch: true, limit });
    const records = result.records.flatMap((range) => readRecords(range));
    for (const record of records) {
      if (record.offset < next) continue;
      values.push(record.value?.toString('latin1') ?? 'null');
      next = record.offset + 1;
    }
    result.release();
    if (records.length === 0) return values;
  }
}

/** The Kafka code of the error that `action` throws or rejects with; 'nothing thrown' otherwise. */
export async function codeOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'nothing thrown';
}
