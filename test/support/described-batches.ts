import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ByteRange } from '../../src/protocol/byte-range.ts';
import type { CompressionType } from '../../src/protocol/compression/compression-type.ts';
import { compressionId } from '../../src/protocol/compression/compression-type.ts';
import { crc32c } from '../../src/protocol/crc32c.ts';
import type { RecordInput } from '../../src/protocol/record.ts';
import {
  batches,
  batchHeaderSize,
  batchOverhead,
  buildBatch,
  openRecords,
} from '../../src/protocol/record-batch.ts';

/** Where the batches of scripts/record-batches lie, written by Apache Kafka 4.3.1. */
export const javaBatchesFolder = join(__dirname, '../data/record-batches');

/** What Apache Kafka reads in them: by case, a list of batches. */
export function javaDescriptions(): Record<string, Record<string, unknown>[]> {
  const text = readFileSync(join(javaBatchesFolder, 'expected.json'), 'utf8');
  return JSON.parse(text) as Record<string, Record<string, unknown>[]>;
}

export function javaBatches(name: string): ByteRange {
  const bytes = readFileSync(join(javaBatchesFolder, `${name}.bin`));
  // Not at the start of their buffer, as they seldom are.
  const buffer = Buffer.concat([Buffer.alloc(7, 0xee), bytes, Buffer.alloc(7, 0xee)]);
  return { buffer, start: 7, end: 7 + bytes.length };
}

/** Batches in the form that RecordBatches.java describes them in. */
export function describeBatches(range: ByteRange): Record<string, unknown>[] {
  return [...batches(range)].map((header) => {
    const records: unknown[] = [];
    const cursor = openRecords(range.buffer, header.position);
    while (cursor.next()) {
      const { key, value, headers, ...record } = cursor.record();
      records.push({
        ...record,
        key: text(key),
        value: text(value),
        headers: headers.map((entry) => [entry.key, text(entry.value)]),
      });
    }
    return {
      ...header,
      deleteHorizonMs: header.deleteHorizonMs ?? null,
      position: undefined,
      lastOffsetDelta: undefined,
      records,
    };
  });
}

/** Bytes as base64; their SHA-256 when they are many. */
function text(bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  if (bytes.length <= 64) return bytes.toString('base64');
  return `sha256 ${createHash('sha256').update(bytes).digest('hex')}`;
}

/**
 * The same batches, made anew from what is read in them.
 *
 * @param compressor  compresses the records instead of the codec's usual implementation
 */
export function rebuildBatches(range: ByteRange, compressor?: (data: Buffer) => Buffer): Buffer {
  const rebuilt = [...batches(range)].map((header) => {
    const cursor = openRecords(range.buffer, header.position);
    const records: RecordInput[] = [];
    while (cursor.next()) records.push({ ...cursor.record(), timestamp: cursor.ownTimestamp });
    const batch = buildBatch({
      ...header,
      records,
      logAppendTime: header.timestampType === 'LogAppendTime' ? header.maxTimestamp : undefined,
      compression: compressor === undefined ? header.compression : 'none',
    });
    return compressor === undefined || header.compression === 'none'
      ? batch
      : withCompressed(batch, header.compression, compressor);
  });
  return Buffer.concat(rebuilt);
}

function withCompressed(
  batch: Buffer,
  compression: CompressionType,
  compressor: (data: Buffer) => Buffer,
): Buffer {
  const records = compressor(batch.subarray(batchHeaderSize));
  const whole = Buffer.concat([batch.subarray(0, batchHeaderSize), records]);
  whole.writeInt32BE(whole.length - batchOverhead, 8);
  whole.writeInt16BE(batch.readInt16BE(21) | compressionId(compression), 21);
  whole.writeUInt32BE(crc32c(whole, 21, whole.length), 17);
  return whole;
}
