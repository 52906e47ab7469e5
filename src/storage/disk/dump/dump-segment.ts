import type { Disk } from '../../../host/disk.ts';
import { decode } from '../../../protocol/codec.ts';
import { controlTypeOf } from '../../../protocol/control-record.ts';
import type { ControlType } from '../../../protocol/control-record.ts';
import { isControlAt, openRecords, readBatchHeader } from '../../../protocol/record-batch.ts';
import type { RecordCursor } from '../../../protocol/record.ts';
import {
  endTxnMarker,
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
} from '../../../protocol/records/control-records.ts';
import type { MessageSchema } from '../../../protocol/schema.ts';
import { BatchScanner } from '../batch-scanner.ts';
import { frameInWords } from '../check/check-batch.ts';
import { findBatch } from '../check/find-batch.ts';
import type { DumpLine } from './dump-line.ts';
import { bytesInWords, dumpError } from './dump-line.ts';

type Fields = Readonly<Record<string, unknown>>;
type Lines = Generator<DumpLine, void, void>;

/** A record's key and value for people. @throws an error where they are not what they should be */
export type RecordDecoder = (key: Buffer | null, value: Buffer | null) => Fields;

const controlValues: Readonly<Record<ControlType, MessageSchema>> = {
  ABORT: endTxnMarker,
  COMMIT: endTxnMarker,
  LEADER_CHANGE: leaderChangeMessage,
  SNAPSHOT_HEADER: snapshotHeaderRecord,
  SNAPSHOT_FOOTER: snapshotFooterRecord,
  KRAFT_VERSION: kRaftVersionRecord,
  KRAFT_VOTERS: votersRecord,
};

/**
 * All batches of a segment or of a metadata snapshot.
 *
 * @param decoder  for the records; undefined: only batches are wanted
 */
export function* dumpSegment(disk: Disk, path: string, decoder: RecordDecoder | undefined): Lines {
  const file = disk.open(path, { readOnly: true });
  try {
    const size = file.size();
    const scanner = new BatchScanner(file, size);
    for (;;) {
      const seen = scanner.look();
      if (seen === 'end') return;
      if (seen === 'batch') {
        yield* dumpBatch(scanner, decoder);
        scanner.next();
        continue;
      }
      const { position, buffer, at, bytes } = scanner;
      yield dumpError(frameInWords(buffer, at, bytes, size - position), position);
      const anyOffset = { lowest: 0, highest: Number.MAX_SAFE_INTEGER };
      const next = findBatch(file, size, position + 1, anyOffset);
      if (next === undefined) return;
      scanner.position = next;
    }
  } finally {
    file.close();
  }
}

function* dumpBatch(scanner: BatchScanner, decoder: RecordDecoder | undefined): Lines {
  const { position, buffer, at } = scanner;
  try {
    const line = batchLine(buffer, at, position);
    const isValid = scanner.isIntact();
    yield { ...line, isValid };
    if (!isValid) yield dumpError('the checksum of the batch does not agree', position);
    else if (decoder !== undefined) {
      const whole = scanner.whole();
      yield* dumpRecords(whole.buffer, whole.at, decoder);
    }
  } catch (error) {
    yield dumpError((error as Error).message, position);
  }
}

function batchLine(buffer: Buffer, at: number, position: number): DumpLine {
  const header = readBatchHeader(buffer, at);
  const { deleteHorizonMs } = header;
  return {
    kind: 'batch',
    position,
    size: header.sizeInBytes,
    baseOffset: header.baseOffset,
    lastOffset: header.lastOffset,
    count: header.recordsCount,
    leaderEpoch: header.partitionLeaderEpoch,
    producerId: header.producerId,
    producerEpoch: header.producerEpoch,
    baseSequence: header.baseSequence,
    lastSequence: header.lastSequence,
    isTransactional: header.isTransactional,
    isControl: header.isControl,
    compression: header.compression,
    timestampType: header.timestampType,
    baseTimestamp: header.baseTimestamp,
    maxTimestamp: header.maxTimestamp,
    ...(deleteHorizonMs !== undefined && { deleteHorizonMs }),
    crc: header.crc,
  };
}

function* dumpRecords(buffer: Buffer, at: number, decoder: RecordDecoder): Lines {
  const isControl = isControlAt(buffer, at);
  const cursor = openRecords(buffer, at);
  while (cursor.next()) {
    const { offset, timestamp, keyLength, valueLength } = cursor;
    const headers = cursor.headers().map(({ key, value }) => [key, bytesInWords(value, 'auto')]);
    yield {
      kind: 'record',
      offset,
      timestamp,
      keySize: keyLength,
      valueSize: valueLength,
      ...(isControl ? controlFields(cursor) : decoded(cursor, decoder)),
      ...(headers.length > 0 && { headers }),
    };
  }
}

function decoded(cursor: RecordCursor, decoder: RecordDecoder): Fields {
  const [key, value] = [cursor.key(), cursor.value()];
  try {
    return decoder(key, value);
  } catch (error) {
    const unreadable = (error as Error).message;
    return { key: bytesInWords(key, 'hex'), value: bytesInWords(value, 'hex'), unreadable };
  }
}

function controlFields(cursor: RecordCursor): Fields {
  const type = controlTypeOf(cursor.key());
  const value = cursor.value();
  if (type === undefined || value === null || value.length < 2) return { control: 'UNKNOWN' };
  const version = value.readInt16BE(0);
  // The others hold their version twice: as a prefix of none, and as their first field.
  const isMarker = type === 'ABORT' || type === 'COMMIT';
  const fields = decode(controlValues[type], version, isMarker ? value.subarray(2) : value);
  return { control: type, ...(fields as Fields) };
}
