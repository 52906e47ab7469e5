import { MalformedMessage } from '../../protocol/malformed-message.ts';
import { batchPositions, isCrcValid } from '../../protocol/record-batch.ts';
import type { Disk } from '../../host/disk.ts';
import {
  metadataBatches,
  readMetadataBatches,
  snapshotFooterBatch,
  snapshotHeaderBatch,
} from './metadata-batches.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { UnusableFolder } from './unusable-folder.ts';

/*
 * A snapshot, in Kafka's format: `<end offset, 20 digits>-<epoch, 10 digits>.checkpoint` holds a
 * control batch with the header, batches of metadata records that make the image from nothing, and
 * a control batch with the footer. Offsets in it count from 0. It is written under another name
 * and renamed when it is whole. `bootstrap.checkpoint` has the same format.
 */

/** What a snapshot stands for: everything before `endOffset`, the last of it of `epoch`. */
export interface SnapshotId {
  readonly endOffset: number;
  readonly epoch: number;
}

const namePattern = /^(\d{20})-(\d{10})\.checkpoint$/;
const leftoverPattern = /\.checkpoint\.(part|deleted)$/;

export function snapshotName({ endOffset, epoch }: SnapshotId): string {
  return `${String(endOffset).padStart(20, '0')}-${String(epoch).padStart(10, '0')}.checkpoint`;
}

/** All of a snapshot's bytes. */
export function encodeSnapshot(
  records: Iterable<MetadataRecord>,
  times: { readonly epoch: number; readonly lastContained: number; readonly now: number },
): Buffer {
  const place = { epoch: times.epoch, timestamp: times.now };
  const all = [...records];
  return Buffer.concat([
    snapshotHeaderBatch(times.lastContained, { ...place, baseOffset: 0 }),
    ...metadataBatches(all, { ...place, baseOffset: 1 }),
    snapshotFooterBatch({ ...place, baseOffset: all.length + 1 }),
  ]);
}

/**
 * The records of a snapshot.
 *
 * @param path  for the error message
 * @throws {UnusableFolder} not a whole snapshot
 */
export function decodeSnapshot(bytes: Buffer, path: string): MetadataRecord[] {
  try {
    requireIntact(bytes);
    const batches = [...readMetadataBatches(bytes)];
    const first = batches[0]?.controls[0];
    const last = batches.at(-1)?.controls[0];
    if (first !== 'SNAPSHOT_HEADER' || last !== 'SNAPSHOT_FOOTER') {
      throw new MalformedMessage('its header or footer is missing');
    }
    return batches.flatMap(({ records }) => records);
  } catch (error) {
    if (error instanceof MalformedMessage || error instanceof UnusableFolder) {
      throw new UnusableFolder(`${path} cannot be read: ${error.message}`);
    }
    throw error;
  }
}

function requireIntact(bytes: Buffer): void {
  for (const position of batchPositions({ buffer: bytes, start: 0, end: bytes.length })) {
    if (!isCrcValid(bytes, position)) {
      throw new MalformedMessage(`the checksum at byte ${position} does not agree`);
    }
  }
}

/** Writes a file that is either there as a whole or not at all, also after a power cut. */
export function writeAtomically(disk: Disk, folder: string, name: string, data: Buffer): void {
  const temporary = `${folder}/${name}.part`;
  disk.writeFile(temporary, data, { sync: true });
  disk.rename(temporary, `${folder}/${name}`);
}

/** The newest snapshot; leftovers of one that was not finished are removed. */
export function latestSnapshot(disk: Disk, folder: string): SnapshotId | undefined {
  const names = disk.list(folder);
  for (const name of names.filter((name) => leftoverPattern.test(name))) {
    disk.remove(`${folder}/${name}`);
  }
  const [endOffset, epoch] = names
    .map((name) => namePattern.exec(name)?.slice(1).map(Number))
    .filter((id) => id !== undefined)
    .at(-1) ?? [undefined, undefined];
  return endOffset === undefined || epoch === undefined ? undefined : { endOffset, epoch };
}

export function removeSnapshotsBefore(disk: Disk, folder: string, { endOffset }: SnapshotId): void {
  for (const name of disk.list(folder)) {
    const digits = namePattern.exec(name)?.[1];
    if (digits !== undefined && Number(digits) < endOffset) disk.remove(`${folder}/${name}`);
  }
}
