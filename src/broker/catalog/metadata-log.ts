import { batchHeaderSize, batchProblem, batchSizeAt } from '../../protocol/record-batch.ts';
import type { Disk, DiskFile } from '../../host/disk.ts';
import type { Logger } from '../../host/logger.ts';
import { readMetadataBatches } from './metadata-batches.ts';
import type { MetadataBatch } from './metadata-batches.ts';
import { UnusableFolder } from './unusable-folder.ts';

/*
 * The log in `__cluster_metadata-0`: segments `<base offset, 20 digits>.log`, each a row of record
 * batches. Kafka keeps indexes beside them, which are caches: it builds those that are missing.
 * The last segment may end in a batch that was never written whole; it was not acknowledged, and
 * is cut off at the next start.
 */

const segmentName = (baseOffset: number): string => `${String(baseOffset).padStart(20, '0')}.log`;
const segmentPattern = /^(\d{20})\.log$/;
/** What Kafka keeps beside a segment, under the same base name. */
const companionPattern = /^(\d{20})\.(log|index|timeindex|txnindex|snapshot)$/;

export interface OpenedLog {
  readonly log: MetadataLog;
  readonly batches: readonly MetadataBatch[];
}

export class MetadataLog {
  #file: DiskFile;
  #position: number;
  #endOffset: number;

  private constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    last: { file: DiskFile; position: number; endOffset: number },
  ) {
    this.#file = last.file;
    this.#position = last.position;
    this.#endOffset = last.endOffset;
  }

  /**
   * Reads all that is there.
   *
   * @param startOffset  where a log begins that is not there yet
   * @throws {UnusableFolder} a hole, or damage before the end
   */
  static open(disk: Disk, folder: string, startOffset: number, logger: Logger): OpenedLog {
    const bases = baseOffsets(disk, folder);
    const batches: MetadataBatch[] = [];
    let endOffset = bases[0] ?? startOffset;
    let position = 0;
    for (const base of bases) {
      const path = `${folder}/${segmentName(base)}`;
      const bytes = disk.readFile(path);
      position = endOfWholeBatches(bytes);
      if (base !== endOffset) throw new UnusableFolder(`${path} does not follow ${endOffset}`);
      const isLast = base === bases.at(-1);
      if (position < bytes.length && (!isLast || holdsBatch(bytes, position + 1))) {
        throw new UnusableFolder(`${path} is damaged at byte ${position}`);
      }
      for (const batch of readMetadataBatches(bytes.subarray(0, position))) {
        if (batch.baseOffset !== endOffset) {
          throw new UnusableFolder(`${path} holds ${batch.baseOffset} where ${endOffset} belongs`);
        }
        batches.push(batch);
        endOffset = batch.lastOffset + 1;
      }
      if (position < bytes.length) {
        logger.warn('cut off the end of the metadata log, which was not written whole', {
          path,
          bytes: bytes.length - position,
        });
      }
    }
    const file = openSegment(disk, folder, bases.at(-1) ?? startOffset);
    file.truncate(position);
    return { log: new MetadataLog(disk, folder, { file, position, endOffset }), batches };
  }

  /** The next offset to be given out. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Appends whole batches and resolves when they are on disk. */
  async append(batches: readonly Buffer[], recordCount: number): Promise<void> {
    await this.#file.write(batches, this.#position);
    await this.#file.sync();
    for (const batch of batches) this.#position += batch.length;
    this.#endOffset += recordCount;
  }

  /** A snapshot covers everything: begins a new segment and removes the others. */
  startAfresh(): void {
    const next = openSegment(this.disk, this.folder, this.#endOffset);
    this.#file.close();
    this.#file = next;
    this.#position = 0;
    removeBefore(this.disk, this.folder, this.#endOffset);
    this.disk.syncDirectory(this.folder);
  }

  close(): void {
    this.#file.close();
  }
}

/** Forgets a log that ends before the snapshot does, as Kafka does. */
export function removeSegments(disk: Disk, folder: string): void {
  removeBefore(disk, folder, Infinity);
}

function baseOffsets(disk: Disk, folder: string): number[] {
  return disk
    .list(folder)
    .map((name) => segmentPattern.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number);
}

function openSegment(disk: Disk, folder: string, baseOffset: number): DiskFile {
  const file = disk.open(`${folder}/${segmentName(baseOffset)}`, { create: true });
  disk.syncDirectory(folder);
  return file;
}

function removeBefore(disk: Disk, folder: string, offset: number): void {
  for (const name of disk.list(folder)) {
    const digits = companionPattern.exec(name)?.[1];
    if (digits !== undefined && Number(digits) < offset) disk.remove(`${folder}/${name}`);
  }
}

/**
 * Whether a whole batch follows. What a crash leaves behind is the beginning of the last batch and
 * nothing after it; anything else is damage, and no more than the owner's to decide on.
 */
function holdsBatch(bytes: Buffer, from: number): boolean {
  for (let at = from; at + batchHeaderSize <= bytes.length; at++) {
    if (batchProblem(bytes, at, bytes.length) === undefined) return true;
  }
  return false;
}

function endOfWholeBatches(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length && batchProblem(bytes, at, bytes.length) === undefined) {
    at += batchSizeAt(bytes, at);
  }
  return at;
}
