import { MalformedMessage } from '../../protocol/malformed-message.ts';
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

/** What a log was found to hold. */
export interface FoundLog {
  readonly batches: readonly MetadataBatch[];
  /** The next offset to be given out. */
  readonly endOffset: number;
  /** The last segment, on which the log goes on: its base offset and where its whole batches end. */
  readonly lastSegment: number;
  readonly position: number;
  /** Bytes behind them, of a batch that was never written whole. */
  readonly tornBytes: number;
}

/** A log that is not there yet. */
export const newLog = (startOffset: number): FoundLog => ({
  batches: [],
  endOffset: startOffset,
  lastSegment: startOffset,
  position: 0,
  tornBytes: 0,
});

/**
 * Reads all that is there, and changes nothing.
 *
 * @param startOffset  where a log begins that is not there yet
 * @throws {UnusableFolder} a hole, damage before the end, records that only a newer Kafka knows
 */
export function readMetadataLog(disk: Disk, folder: string, startOffset: number): FoundLog {
  const bases = baseOffsets(disk, folder);
  const batches: MetadataBatch[] = [];
  let found = newLog(bases[0] ?? startOffset);
  for (const base of bases) {
    const path = `${folder}/${segmentName(base)}`;
    if (base !== found.endOffset) {
      throw new UnusableFolder(`${path} does not follow ${found.endOffset}`);
    }
    const segment = readSegment(disk.readFile(path), path, base, base === bases.at(-1));
    for (const batch of segment.batches) batches.push(batch);
    found = { ...segment, batches, lastSegment: base };
  }
  return found;
}

function readSegment(
  bytes: Buffer,
  path: string,
  baseOffset: number,
  isLast: boolean,
): Omit<FoundLog, 'lastSegment'> {
  const position = endOfWholeBatches(bytes);
  if (position < bytes.length && (!isLast || holdsBatch(bytes, position + 1))) {
    throw new UnusableFolder(`${path} is damaged at byte ${position}`);
  }
  const batches: MetadataBatch[] = [];
  let endOffset = baseOffset;
  try {
    for (const batch of readMetadataBatches(bytes.subarray(0, position))) {
      if (batch.baseOffset !== endOffset) {
        throw new UnusableFolder(`it holds ${batch.baseOffset} where ${endOffset} belongs`);
      }
      batches.push(batch);
      endOffset = batch.lastOffset + 1;
    }
  } catch (error) {
    if (!(error instanceof UnusableFolder || error instanceof MalformedMessage)) throw error;
    throw new UnusableFolder(
      `${path} cannot be read behind offset ${endOffset - 1}: ${error.message}`,
    );
  }
  return { batches, endOffset, position, tornBytes: bytes.length - position };
}

export class MetadataLog {
  #file: DiskFile;
  /** Base offset of the segment that grows, and where its whole batches end. */
  #segment: number;
  #position: number;
  #endOffset: number;

  private constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    last: { file: DiskFile; segment: number; position: number; endOffset: number },
  ) {
    this.#file = last.file;
    this.#segment = last.segment;
    this.#position = last.position;
    this.#endOffset = last.endOffset;
  }

  /** Goes on behind what was found; what was not written whole is cut off. */
  static open(disk: Disk, folder: string, found: FoundLog, logger: Logger): MetadataLog {
    const { lastSegment, position, endOffset, tornBytes } = found;
    removeIndexes(disk, folder, lastSegment);
    const file = openSegment(disk, folder, lastSegment);
    file.truncate(position);
    if (tornBytes > 0) {
      logger.warn('cut off the end of the metadata log, which was not written whole', {
        path: `${folder}/${segmentName(lastSegment)}`,
        bytes: tornBytes,
      });
    }
    const segment = lastSegment;
    return new MetadataLog(disk, folder, { file, segment, position, endOffset });
  }

  /** The next offset to be given out. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /**
   * After an append that failed: makes sure that nothing of it is left. All that was appended before
   * is on disk, so what is in doubt lies behind it and is cut off.
   *
   * @throws raw system errors; {UnusableFolder} the log is not there any more, or not what it was
   */
  async restore(): Promise<void> {
    const path = `${this.folder}/${segmentName(this.#segment)}`;
    if (!this.disk.exists(path)) throw new UnusableFolder(`${path} was removed`);
    const bytes = this.disk.readFile(path).subarray(0, this.#position);
    if (bytes.length < this.#position || endOfWholeBatches(bytes) < this.#position) {
      throw new UnusableFolder(`${path} is not what was written`);
    }
    const file = this.disk.open(path);
    try {
      file.truncate(this.#position);
      await file.sync();
    } catch (error) {
      file.close();
      throw error;
    }
    this.#file.close();
    this.#file = file;
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
    this.#segment = this.#endOffset;
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

/** Those of a segment that grows would not follow, and a Kafka that was killed leaves them half empty. */
function removeIndexes(disk: Disk, folder: string, baseOffset: number): void {
  const base = segmentName(baseOffset).replace(/\.log$/, '');
  for (const suffix of ['index', 'timeindex']) disk.remove(`${folder}/${base}.${suffix}`);
}

function openSegment(disk: Disk, folder: string, baseOffset: number): DiskFile {
  const path = `${folder}/${segmentName(baseOffset)}`;
  const isNew = !disk.exists(path);
  const file = disk.open(path, { create: true });
  try {
    disk.syncDirectory(folder);
    return file;
  } catch (error) {
    file.close();
    // Or it would stand in the way: the log goes on in the segment before.
    if (isNew) disk.remove(path);
    throw error;
  }
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
