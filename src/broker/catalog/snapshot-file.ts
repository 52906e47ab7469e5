import { MalformedMessage } from '../../protocol/malformed-message.ts';
import { batchPositions, isCrcValid } from '../../protocol/record-batch.ts';
import type { Disk } from '../../host/disk.ts';
import {
  metadataBatches,
  quorumBatches,
  readMetadataBatches,
  snapshotFooterBatch,
  snapshotHeaderBatch,
} from './metadata-batches.ts';
import type { MetadataRecord } from './metadata-record.ts';
import type { ControlRecord, Quorum } from './quorum.ts';
import { newQuorum } from './quorum.ts';
import { UnusableFolder } from './unusable-folder.ts';

/*
 * A snapshot, in Kafka's format: `<end offset, 20 digits>-<epoch, 10 digits>.checkpoint` holds a
 * control batch with the header, with `kraft.version` 1 control records that name the voters,
 * batches of metadata records that make the image from nothing, and a control batch with the footer.
 * Offsets in it count from 0. It is written under another name and renamed when it is whole.
 * `bootstrap.checkpoint` has the same format.
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
  quorum: Quorum = newQuorum,
): Buffer {
  const place = { epoch: times.epoch, timestamp: times.now };
  const all = [...records];
  const ofQuorum = quorumBatches(quorum, { ...place, baseOffset: 1 });
  const baseOffset = 1 + ofQuorum.length;
  return Buffer.concat([
    snapshotHeaderBatch(times.lastContained, { ...place, baseOffset: 0 }),
    ...ofQuorum,
    ...metadataBatches(all, { ...place, baseOffset }),
    snapshotFooterBatch({ ...place, baseOffset: baseOffset + all.length }),
  ]);
}

export interface SnapshotContent {
  readonly records: readonly MetadataRecord[];
  readonly controls: readonly ControlRecord[];
}

/**
 * What a snapshot holds.
 *
 * @param path  for the error message
 * @throws {UnusableFolder} not a whole snapshot
 */
export function decodeSnapshot(bytes: Buffer, path: string): SnapshotContent {
  try {
    requireIntact(bytes);
    const batches = [...readMetadataBatches(bytes)];
    const controls = batches.flatMap((batch) => batch.controls);
    const isWhole =
      batches[0]?.controls[0]?.type === 'SNAPSHOT_HEADER' &&
      batches.at(-1)?.controls.at(-1)?.type === 'SNAPSHOT_FOOTER';
    if (!isWhole) throw new MalformedMessage('its header or footer is missing');
    return { controls, records: batches.flatMap(({ records }) => records) };
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

/** Removes what is left of snapshots that were not finished, or on their way out. */
export function removeLeftovers(disk: Disk, folder: string): void {
  for (const name of disk.list(folder).filter((name) => leftoverPattern.test(name))) {
    disk.remove(`${folder}/${name}`);
  }
}

/** The newest snapshot. */
export function latestSnapshot(disk: Disk, folder: string): SnapshotId | undefined {
  const [endOffset, epoch] = disk
    .list(folder)
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
