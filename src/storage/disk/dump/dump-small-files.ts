import type { Disk } from '../../../host/disk.ts';
import { decodeAbortedRows } from '../../aborted-transactions.ts';
import { decodeSnapshot } from '../../producer-snapshot.ts';
import { OffsetIndex, TimeIndex } from '../../segment-indexes.ts';
import { findOffsets, readEpochs, readIdentity } from '../checkpoint-files.ts';
import type { DumpLine } from './dump-line.ts';
import { dumpError } from './dump-line.ts';

type Lines = Generator<DumpLine, void, void>;

/** @param baseOffset  of the segment: in the file's name */
export function* dumpOffsetIndex(disk: Disk, path: string, baseOffset: number): Lines {
  const index = new OffsetIndex(baseOffset, disk.readFile(path));
  for (let row = 0; row < index.entries; row++) {
    if (index.isEmptyRow(row)) return;
    yield { kind: 'entry', offset: index.offsetOf(row), position: index.positionOf(row) };
  }
}

export function* dumpTimeIndex(disk: Disk, path: string, baseOffset: number): Lines {
  const index = new TimeIndex(baseOffset, disk.readFile(path));
  for (let row = 0; row < index.entries; row++) {
    if (index.isEmptyRow(row)) return;
    yield { kind: 'entry', timestamp: index.timestampOf(row), offset: index.offsetOf(row) };
  }
}

export function* dumpTransactionIndex(disk: Disk, path: string): Lines {
  for (const row of decodeAbortedRows(disk.readFile(path))) {
    const { producerId, firstOffset, lastOffset, lastStableOffset } = row;
    yield { kind: 'aborted', producerId, firstOffset, lastOffset, lastStableOffset };
  }
}

export function* dumpProducerSnapshot(disk: Disk, path: string): Lines {
  for (const entry of decodeSnapshot(disk.readFile(path))) {
    const last = entry.batches.at(-1);
    yield {
      kind: 'producer',
      producerId: entry.producerId,
      producerEpoch: entry.producerEpoch,
      lastSequence: entry.lastSequence,
      lastOffset: last?.lastOffset ?? -1,
      offsetDelta: last?.offsetDelta ?? 0,
      lastTimestamp: entry.lastTimestamp,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTransactionStartOffset: entry.currentTransactionStartOffset,
    };
  }
}

export function* dumpEpochs(disk: Disk, path: string): Lines {
  const entries = readEpochs(disk, path);
  if (entries === undefined) yield dumpError('it is torn, or no such file at all');
  for (const { epoch, startOffset } of entries ?? []) yield { kind: 'epoch', epoch, startOffset };
}

export function* dumpOffsets(disk: Disk, path: string): Lines {
  const offsets = findOffsets(disk, path);
  if (offsets === undefined) yield dumpError('it is torn, or no such file at all');
  for (const [partition, offset] of offsets ?? []) yield { kind: 'offset', partition, offset };
}

export function* dumpIdentity(disk: Disk, path: string): Lines {
  const topicId = readIdentity(disk, path);
  yield topicId === undefined
    ? dumpError('it does not say its topic_id')
    : { kind: 'identity', topicId };
}
