import { decompressedBatch } from '../protocol/batch-remainder.ts';
import type { ByteRange } from '../protocol/byte-range.ts';
import type { CompressionType } from '../protocol/compression/compression-type.ts';
import { BeyondLimit } from '../protocol/malformed-message.ts';
import { compressionAt } from '../protocol/record-batch.ts';
import type { LogSettings } from './partition-log.ts';

const kibibyte = 1024;

/**
 * Most bytes of records that the event loop decompresses for one batch: a few ms of work. What is more is for
 * `LargeBatches`.
 */
export function mostBytesInLoop(codec: CompressionType): number {
  return codec === 'gzip' ? 1024 * kibibyte : 2048 * kibibyte;
}

/**
 * Most bytes of records, not compressed, of which it builds a batch anew. Where the topic names the
 * codec's level, it may be one that takes a hundred times as long.
 */
export function mostRebuiltInLoop({ compressionLevel }: LogSettings): number {
  return compressionLevel === undefined ? 64 * kibibyte : 4 * kibibyte;
}

/** A client's batch would hold up the event loop. */
export class TakesLong extends Error {
  override readonly name = 'TakesLong';
}

/** As `decompressedBatch`; undefined where that would take long. @throws {MalformedMessage} */
export function decompressedInLoop(batch: ByteRange): ByteRange | undefined {
  try {
    return decompressedBatch(batch, mostBytesInLoop(compressionAt(batch.buffer, batch.start)));
  } catch (error) {
    if (error instanceof BeyondLimit) return undefined;
    throw error;
  }
}
