import { int32At, int64At, putInt32, putInt64 } from '../protocol/big-endian.ts';

/*
 * `.index`: rows of 8 bytes, strictly increasing.      `.timeindex`: rows of 12 bytes, strictly
 *   0  int32  last offset of a batch - baseOffset        increasing timestamps.
 *   4  int32  position of that batch in the .log         0  int64  largest timestamp so far
 *                                                        8  int32  last offset of the batch that
 *                                                                  holds it - baseOffset
 * Both are kept in memory as the bytes of their file. A file that breaks these rules is built anew.
 */
export const offsetRowSize = 8;
export const timeRowSize = 12;
const fewestRows = 32;

/** Rows of equal size, growing. */
class Rows {
  length = 0;

  constructor(
    private readonly rowSize: number,
    private data: Buffer = Buffer.alloc(0),
  ) {
    this.length = Math.floor(data.length / rowSize);
  }

  /** Room for one more row; returns where it begins. */
  add(): number {
    const at = this.length * this.rowSize;
    if (at + this.rowSize > this.data.length) {
      const grown = Buffer.alloc(Math.max(fewestRows * this.rowSize, this.data.length * 2));
      this.data.copy(grown, 0, 0, at);
      this.data = grown;
    }
    this.length++;
    return at;
  }

  get bytes(): Buffer {
    return this.data;
  }

  used(): Buffer {
    return this.data.subarray(0, this.length * this.rowSize);
  }
}

/** Where in a segment an offset is, to within `index.interval.bytes`. */
export class OffsetIndex {
  private readonly rows: Rows;

  /** @param bytes  the rows of a file */
  constructor(
    readonly baseOffset: number,
    bytes?: Buffer,
  ) {
    this.rows = new Rows(offsetRowSize, bytes);
  }

  get entries(): number {
    return this.rows.length;
  }

  get bytes(): Buffer {
    return this.rows.used();
  }

  append(lastOffset: number, position: number): void {
    const at = this.rows.add();
    putInt32(this.rows.bytes, at, lastOffset - this.baseOffset);
    putInt32(this.rows.bytes, at + 4, position);
  }

  /** Position of a batch at or before the one that holds `offset`; 0 when no row is. */
  positionBefore(offset: number): number {
    const row = this.floor(offset - this.baseOffset);
    return row < 0 ? 0 : int32At(this.rows.bytes, row * offsetRowSize + 4);
  }

  offsetOf(row: number): number {
    return this.baseOffset + int32At(this.rows.bytes, row * offsetRowSize);
  }

  positionOf(row: number): number {
    return int32At(this.rows.bytes, row * offsetRowSize + 4);
  }

  /** Room that Kafka took and a crash kept it from giving back. */
  isEmptyRow(row: number): boolean {
    return this.positionOf(row) === 0 && this.offsetOf(row) === this.baseOffset;
  }

  /** The last row at or before an offset: a batch's last offset, and where that batch is. */
  rowOf(offset: number): { readonly lastOffset: number; readonly position: number } | undefined {
    const row = this.floor(offset - this.baseOffset);
    if (row < 0) return undefined;
    const at = row * offsetRowSize;
    return {
      lastOffset: this.baseOffset + int32At(this.rows.bytes, at),
      position: int32At(this.rows.bytes, at + 4),
    };
  }

  /** The last row's position; 0 when there is none. */
  get lastPosition(): number {
    return this.entries === 0
      ? 0
      : int32At(this.rows.bytes, (this.entries - 1) * offsetRowSize + 4);
  }

  /** The last row's offset; the base offset when there is none. */
  get lastOffset(): number {
    if (this.entries === 0) return this.baseOffset;
    return this.baseOffset + int32At(this.rows.bytes, (this.entries - 1) * offsetRowSize);
  }

  /** The rows of offsets below one. */
  below(offset: number): OffsetIndex {
    const rows = this.floor(offset - 1 - this.baseOffset) + 1;
    return new OffsetIndex(this.baseOffset, this.bytes.subarray(0, rows * offsetRowSize));
  }

  /** Whether the rows can be those of a segment of `size` bytes. */
  isSound(size: number): boolean {
    const { bytes } = this.rows;
    let offset = -1;
    let position = -1;
    for (let row = 0; row < this.entries; row++) {
      const nextOffset = int32At(bytes, row * offsetRowSize);
      const nextPosition = int32At(bytes, row * offsetRowSize + 4);
      if (nextOffset <= offset || nextPosition <= position || nextPosition >= size) return false;
      offset = nextOffset;
      position = nextPosition;
    }
    return true;
  }

  /** Position of the last batch that has a row and begins at or before `position`; 0 without one. */
  rowBefore(position: number): number {
    const row = this.lastRow((at) => int32At(this.rows.bytes, at + 4) <= position);
    return row < 0 ? 0 : int32At(this.rows.bytes, row * offsetRowSize + 4);
  }

  private floor(relativeOffset: number): number {
    return this.lastRow((at) => int32At(this.rows.bytes, at) <= relativeOffset);
  }

  /** The last row for which something holds that holds for all before it; -1 for none. */
  private lastRow(holds: (at: number) => boolean): number {
    let low = -1;
    let high = this.entries - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (holds(middle * offsetRowSize)) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Where in a segment a timestamp is first reached. */
export class TimeIndex {
  private readonly rows: Rows;

  constructor(
    readonly baseOffset: number,
    bytes?: Buffer,
  ) {
    this.rows = new Rows(timeRowSize, bytes);
  }

  get entries(): number {
    return this.rows.length;
  }

  get bytes(): Buffer {
    return this.rows.used();
  }

  timestampOf(row: number): number {
    return int64At(this.rows.bytes, row * timeRowSize);
  }

  offsetOf(row: number): number {
    return this.baseOffset + int32At(this.rows.bytes, row * timeRowSize + 8);
  }

  /** Room that Kafka took and a crash kept it from giving back. */
  isEmptyRow(row: number): boolean {
    return this.timestampOf(row) === 0 && this.offsetOf(row) === this.baseOffset;
  }

  /** -1 when empty. */
  get lastTimestamp(): number {
    if (this.entries === 0) return -1;
    return int64At(this.rows.bytes, (this.entries - 1) * timeRowSize);
  }

  get lastOffset(): number {
    if (this.entries === 0) return this.baseOffset;
    return this.baseOffset + int32At(this.rows.bytes, (this.entries - 1) * timeRowSize + 8);
  }

  /** Adds a row when the timestamp is larger than all before. */
  maybeAppend(timestamp: number, lastOffset: number): void {
    if (timestamp <= this.lastTimestamp) return;
    const at = this.rows.add();
    putInt64(this.rows.bytes, at, timestamp);
    putInt32(this.rows.bytes, at + 8, lastOffset - this.baseOffset);
  }

  /** The last row whose timestamp is not larger: up to its offset no timestamp is. */
  rowOf(timestamp: number): { readonly timestamp: number; readonly offset: number } | undefined {
    let low = -1;
    let high = this.entries - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (int64At(this.rows.bytes, middle * timeRowSize) <= timestamp) low = middle;
      else high = middle - 1;
    }
    if (low < 0) return undefined;
    const at = low * timeRowSize;
    return {
      timestamp: int64At(this.rows.bytes, at),
      offset: this.baseOffset + int32At(this.rows.bytes, at + 8),
    };
  }

  /** The rows of offsets below one. */
  below(offset: number): TimeIndex {
    let rows = this.entries;
    while (
      rows > 0 &&
      int32At(this.bytes, (rows - 1) * timeRowSize + 8) >= offset - this.baseOffset
    ) {
      rows--;
    }
    return new TimeIndex(this.baseOffset, this.bytes.subarray(0, rows * timeRowSize));
  }

  isSound(): boolean {
    const { bytes } = this.rows;
    for (let row = 1; row < this.entries; row++) {
      const at = row * timeRowSize;
      if (int64At(bytes, at) <= int64At(bytes, at - timeRowSize)) return false;
      if (int32At(bytes, at + 8) < int32At(bytes, at - timeRowSize + 8)) return false;
    }
    return this.entries === 0 || int32At(bytes, 8) >= 0;
  }
}

/** The two indexes of one segment. */
export interface SegmentIndexes {
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
}

export function emptyIndexes(baseOffset: number): SegmentIndexes {
  return { offsets: new OffsetIndex(baseOffset), times: new TimeIndex(baseOffset) };
}
