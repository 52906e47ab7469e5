import { batchSizeAt } from '../../protocol/record-batch.ts';
import type { AbortedRow } from '../aborted-transactions.ts';
import type { ReplacementMedium } from '../log-medium.ts';
import { emptyIndexes } from '../segment-indexes.ts';
import { newSegmentStart, Segment } from '../segment.ts';
import type { CleanableLog } from './cleanable-log.ts';
import { CleaningAborted } from './pace.ts';

/** A cleaned segment as it is being written, until it takes the place of others. */
export class Replacement {
  private readonly medium: ReplacementMedium;
  private readonly segment: Segment;
  private chunks: Uint8Array[] = [];
  private isTakingPlace = false;
  /** What is kept as it was, and lies side by side, is written in one piece. */
  private run: { readonly buffer: Buffer; readonly start: number; end: number } | undefined;

  constructor(
    private readonly log: CleanableLog,
    private readonly old: readonly Segment[],
    nowMs: number,
  ) {
    const { baseOffset } = old[0] as Segment;
    this.medium = log.newReplacement(baseOffset);
    const start = newSegmentStart(baseOffset, nowMs, 0, emptyIndexes(baseOffset));
    this.segment = new Segment(start, this.medium);
  }

  get sizeInBytes(): number {
    return this.segment.size;
  }

  /** Adds a batch, whose memory has to stay as it is until the next `write`. */
  add(buffer: Buffer, at: number): void {
    const end = at + batchSizeAt(buffer, at);
    this.segment.append(buffer, at, this.log.settings.indexIntervalBytes);
    if (this.run?.buffer === buffer && this.run.end === at) {
      this.run.end = end;
      return;
    }
    this.endRun();
    this.run = { buffer, start: at, end };
  }

  /** Writes what was added. @returns how many bytes */
  async write(): Promise<number> {
    this.endRun();
    const { chunks, segment } = this;
    const bytes = segment.size - segment.storedSize;
    this.chunks = [];
    if (bytes > 0) await this.medium.write(chunks, segment.storedSize);
    segment.storedSize = segment.readableSize = segment.size;
    return bytes;
  }

  /**
   * Makes it durable and puts it in the place of the old ones.
   *
   * @param aborted  aborted transactions whose markers it holds
   * @throws {CleaningAborted} the old ones are gone, or the log has failed
   */
  async takePlace(aborted: readonly AbortedRow[]): Promise<void> {
    const { segment, medium } = this;
    await this.write();
    await medium.create();
    segment.complete();
    if (aborted.length > 0) medium.appendAborted(aborted);
    segment.seal();
    await medium.sync();
    segment.syncedSize = segment.size;
    segment.lastModifiedMs = (this.old.at(-1) as Segment).lastModifiedMs;
    this.isTakingPlace = true;
    const isDone = await this.log.replaceCleaned(this.old, segment, medium, aborted);
    this.isTakingPlace = isDone;
    if (!isDone) throw new CleaningAborted('what was cleaned is not there any more');
  }

  /** Gives it up. Where it failed to take its place, half-way perhaps, recovery decides. */
  discard(): void {
    if (!this.isTakingPlace) this.medium.discard();
  }

  private endRun(): void {
    if (this.run === undefined) return;
    const { buffer, start, end } = this.run;
    this.chunks.push(buffer.subarray(start, end));
    this.run = undefined;
  }
}
