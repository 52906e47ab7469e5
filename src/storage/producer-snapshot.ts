import {
  int16At,
  int32At,
  int64At,
  putInt16,
  putInt32,
  putInt64,
  uint32At,
} from '../protocol/big-endian.ts';
import { crc32c } from '../protocol/crc32c.ts';
import { ProducerEntry } from './producer-state.ts';
import { StorageFailure } from './storage-failure.ts';

/*
 * `<offset>.snapshot`: the producers of a log, as of the batches below `offset`.
 *
 *    0  version  int16   1
 *    2  crc      uint32  CRC-32C of all that follows
 *    6  count    int32
 *   10  rows of 46 bytes:
 *        0  producerId             int64
 *        8  producerEpoch          int16
 *       10  lastSequence           int32   -1: no batch is remembered
 *       14  lastOffset             int64
 *       22  offsetDelta            int32   lastOffset - first offset of that batch
 *       26  timestamp              int64
 *       34  coordinatorEpoch       int32
 *       38  currentTxnFirstOffset  int64   -1: no open transaction
 *
 * A file that is torn or does not agree with its checksum is thrown away; an older one and the
 * headers behind it give the same state.
 */
const currentVersion = 1;
const headerSize = 10;
const rowSize = 46;

export function encodeSnapshot(entries: Iterable<ProducerEntry>, count: number): Buffer {
  const bytes = Buffer.alloc(headerSize + count * rowSize);
  putInt16(bytes, 0, currentVersion);
  putInt32(bytes, 6, count);
  let at = headerSize;
  for (const entry of entries) {
    const last = entry.batches.at(-1);
    putInt64(bytes, at, entry.producerId);
    putInt16(bytes, at + 8, entry.producerEpoch);
    putInt32(bytes, at + 10, last?.lastSequence ?? -1);
    putInt64(bytes, at + 14, last?.lastOffset ?? -1);
    putInt32(bytes, at + 22, last?.offsetDelta ?? 0);
    putInt64(bytes, at + 26, entry.lastTimestamp);
    putInt32(bytes, at + 34, entry.coordinatorEpoch);
    putInt64(bytes, at + 38, entry.currentTransactionStartOffset);
    at += rowSize;
  }
  putInt32(bytes, 2, crc32c(bytes, 6, bytes.length));
  return bytes;
}

/** @throws {StorageFailure} Corrupt: torn, another version, or a wrong checksum */
export function decodeSnapshot(bytes: Buffer): ProducerEntry[] {
  const count = bytes.length < headerSize ? -1 : int32At(bytes, 6);
  const isWhole = count >= 0 && bytes.length === headerSize + count * rowSize;
  if (!isWhole || int16At(bytes, 0) !== currentVersion) {
    throw new StorageFailure('Corrupt', 'not a producer snapshot of a version that we know');
  }
  if (uint32At(bytes, 2) !== crc32c(bytes, 6, bytes.length)) {
    throw new StorageFailure('Corrupt', 'the checksum of a producer snapshot does not agree');
  }
  return Array.from({ length: count }, (_, i) => decodeRow(bytes, headerSize + i * rowSize));
}

function decodeRow(bytes: Buffer, at: number): ProducerEntry {
  const entry = new ProducerEntry(int64At(bytes, at));
  const epoch = int16At(bytes, at + 8);
  const lastOffset = int64At(bytes, at + 14);
  const timestamp = int64At(bytes, at + 26);
  if (lastOffset >= 0) {
    entry.add(epoch, int32At(bytes, at + 10), lastOffset, int32At(bytes, at + 22), timestamp);
  }
  entry.enterEpoch(epoch);
  entry.lastTimestamp = timestamp;
  entry.coordinatorEpoch = int32At(bytes, at + 34);
  entry.currentTransactionStartOffset = int64At(bytes, at + 38);
  return entry;
}
