import type { ByteRange } from '../protocol/byte-range.ts';
import type { AbortedRow } from './aborted-transactions.ts';
import type { EpochEntry } from './epoch-cache.ts';
import type { SegmentIndexes } from './segment-indexes.ts';

/** Bytes of a segment in memory, borrowed until `release`. No batch lies across two ranges. */
export interface Region {
  readonly ranges: readonly ByteRange[];
  release(): void;
}

/** A file that stays open until `release`. */
export interface HeldFile {
  readonly descriptor: number;
  /** Reads bytes from a position on, which must be there. @throws {StorageFailure} as `read` */
  readNow(target: Buffer, position: number): void;
  /** Something cannot be read: from now on it is not held, so that a read finds out what. */
  doubt(): void;
  /** A second call does nothing. */
  release(): void;
}

/**
 * Where the bytes of one segment live. This and `LogMedium` are all that the memory and the disk
 * engine do differently. What fails here fails with whatever the system says; the log translates.
 */
export interface SegmentMedium {
  /** Makes it exist, empty, without holding up the loop. Done by the first write too. */
  create(): Promise<void>;
  writeNow(chunks: readonly Uint8Array[], position: number): void;
  write(chunks: readonly Uint8Array[], position: number): Promise<void>;
  /**
   * Undoes a write that failed, for good: nothing stays from `position` on, and nothing at all of a
   * segment that is new with that write. Not after a power cut either.
   */
  takeBack(position: number, isNew: boolean): void;
  /**
   * Makes everything written durable, also what was derived from a complete segment. Fails too when
   * the segment was removed under us.
   */
  sync(): Promise<void>;
  /** False when somebody removed it under us. */
  isPresent(): boolean;
  /** Whether `sync` has something to do besides bytes of the segment itself. */
  readonly isDirty: boolean;
  /**
   * Reads bytes that were written; the last batch may be cut off.
   *
   * @param isNear  written not long ago, hence probably in the page cache: need not be async
   * @throws {StorageFailure} Corrupt: fewer bytes than there must be; Unreadable: the disk refuses
   */
  read(position: number, length: number, isNear: boolean): Region | Promise<Region>;
  /**
   * Keeps the file open for a while; undefined where there is none, or too many are kept so.
   * @throws {StorageFailure} Unreadable
   */
  hold?(): HeldFile | undefined;
  /** Whether what is read may be something else than what was written. */
  readonly canRot: boolean;
  appendAborted(rows: readonly AbortedRow[]): void;
  /** Keeps the indexes: the segment is complete. They are written by the next `sync`. */
  seal(indexes: SegmentIndexes): void;
  /**
   * The indexes of a segment that was sealed, built anew where they are lost.
   * @throws {StorageFailure} Unreadable
   */
  loadIndexes(): SegmentIndexes;
  /**
   * Builds the indexes anew: those it has were found wrong.
   * @throws {StorageFailure} Unreadable
   */
  rebuildIndexes(): Promise<void>;
  /**
   * Gives the segment up, its bytes after a delay: someone may still read them. Fails where its name
   * cannot be changed.
   *
   * @param isReplaced  another one takes its names: all of them must be given up
   */
  remove(delayMs: number, isReplaced: boolean): void;
}

/**
 * A segment beside the log, to take the place of others. After a crash nothing is left of it, unless
 * `beginSwap` was called: then the log is found with it and without the others.
 */
export interface ReplacementMedium extends SegmentMedium {
  /** All of it is durable: from here on it counts, though the others are still there. */
  beginSwap(): Promise<void>;
  /** The others are gone: it is a segment like any. */
  endSwap(): Promise<void>;
  /** Gives it up instead. */
  discard(): void;
}

/** Where one log lives. */
export interface LogMedium {
  /** A new segment; nothing is made before its first write. */
  newSegment(baseOffset: number): SegmentMedium;
  /** A new segment will be wanted soon: what takes long of making it can begin. Never fails. */
  expectSegment(): void;
  /** A segment that shall take the place of others, the first of which begins here. */
  newReplacement(baseOffset: number): ReplacementMedium;
  saveEpochs(entries: readonly EpochEntry[]): void;
  /** Takes a snapshot over; it is there with the next sync, once what lies below it is durable. */
  saveSnapshot(offset: number, snapshot: Buffer): void;
  /** Removes it beside the event loop. */
  removeSnapshot(offset: number): void;
  /** Resolves once the snapshots are gone that were removed. Never rejects. */
  removed(): Promise<void>;
  /** Called before a segment is removed: one that was removed before shall not come back alone. */
  syncRemovals(): Promise<void>;
  /**
   * Begins to make all durable that it has now, the segments first.
   *
   * @returns does the rest, once they are: names, epochs, identity, snapshots
   */
  beginSync(): () => Promise<void>;
}
