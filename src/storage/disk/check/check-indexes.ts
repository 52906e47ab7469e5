import type { OffsetIndex, TimeIndex } from '../../segment-indexes.ts';
import { offsetRowSize, timeRowSize } from '../../segment-indexes.ts';
import type { CheckReport, Severity } from './check-report.ts';

/** How the rows of an index have to be taken. */
export interface IndexTrust {
  readonly report: CheckReport;
  readonly path: string;
  /** Of a row that is wrong: a note where the next start builds the file anew. */
  readonly severity: Severity;
  /** The segment ended in order, so that its index must be complete. */
  readonly isComplete: boolean;
}

/** Compares the rows of an index with the batches, which are given in their order. */
abstract class IndexCheck<Index extends OffsetIndex | TimeIndex> {
  /** The next one to be compared. */
  protected row = 0;
  /** Those that can be compared: not the empty ones at the end, and none where they do not ascend. */
  protected readonly rows: number;
  protected readonly isOrdered: boolean;

  constructor(
    protected readonly index: Index,
    protected readonly trust: IndexTrust,
    private readonly rowSize: number,
  ) {
    const { entries } = index;
    let rows = entries;
    while (rows > 0 && index.isEmptyRow(rows - 1)) rows--;
    if (rows < entries && trust.isComplete) {
      this.say(rows, `${entries - rows} empty rows at its end`, 'note');
    }
    let ordered = 0;
    while (ordered < rows && this.ascends(ordered)) ordered++;
    this.isOrdered = ordered === rows;
    if (!this.isOrdered) this.say(ordered, 'its rows do not ascend');
    this.rows = this.isOrdered ? rows : 0;
  }

  /** Does a row follow the one before it, the first one the base offset? */
  protected abstract ascends(row: number): boolean;

  protected say(row: number, message: string, severity = this.trust.severity): void {
    const { report, path } = this.trust;
    report.find(severity, path, message, { position: row * this.rowSize });
  }
}

/** Of an `.index`. */
export class OffsetIndexCheck extends IndexCheck<OffsetIndex> {
  /** The last batch that was seen begins here. */
  private lastPosition = 0;

  /** @param rowlessBytes  as much of a segment may have no rows */
  constructor(
    index: OffsetIndex,
    trust: IndexTrust,
    private readonly rowlessBytes: number,
  ) {
    super(index, trust, offsetRowSize);
  }

  batch(position: number, lastOffset: number): void {
    const { index } = this;
    this.lastPosition = position;
    for (; this.row < this.rows; this.row++) {
      const wanted = index.positionOf(this.row);
      if (wanted > position) return;
      const offset = index.offsetOf(this.row);
      if (wanted < position) {
        this.say(this.row, `no batch begins at byte ${wanted}, where offset ${offset} should be`);
      } else if (offset !== lastOffset) {
        this.say(this.row, `byte ${wanted} ends with offset ${lastOffset}, not with ${offset}`);
      }
    }
  }

  /** Leaves out rows for what lies before `position` and could not be read. */
  skip(position: number): void {
    while (this.row < this.rows && this.index.positionOf(this.row) < position) this.row++;
  }

  /** All batches were seen. */
  end(): void {
    for (; this.row < this.rows; this.row++) {
      this.say(this.row, `no batch begins at byte ${this.index.positionOf(this.row)}`);
    }
    if (this.rows > 0 || !this.isOrdered || this.lastPosition <= this.rowlessBytes) return;
    this.say(0, 'it has no rows; readers begin at the first byte of its segment', 'note');
  }

  protected override ascends(row: number): boolean {
    const { index } = this;
    return row === 0
      ? index.offsetOf(0) >= index.baseOffset && index.positionOf(0) >= 0
      : index.offsetOf(row) > index.offsetOf(row - 1) &&
          index.positionOf(row) > index.positionOf(row - 1);
  }
}

/** Of a `.timeindex`. */
export class TimeIndexCheck extends IndexCheck<TimeIndex> {
  private maxTimestamp = -1;
  /** Every batch so far could be read. */
  private isSure = this.isOrdered;

  constructor(index: TimeIndex, trust: IndexTrust) {
    super(index, trust, timeRowSize);
  }

  batch(baseOffset: number, lastOffset: number, maxTimestamp: number): void {
    this.maxTimestamp = Math.max(this.maxTimestamp, maxTimestamp);
    for (; this.row < this.rows && this.index.offsetOf(this.row) <= lastOffset; this.row++) {
      if (!this.isSure) continue;
      const offset = this.index.offsetOf(this.row);
      const timestamp = this.index.timestampOf(this.row);
      if (offset < baseOffset) {
        this.say(this.row, `no batch holds offset ${offset}`);
      } else if (timestamp !== this.maxTimestamp) {
        this.say(
          this.row,
          `the largest timestamp up to offset ${offset} is ${this.maxTimestamp}, not ${timestamp}`,
        );
      }
    }
  }

  /** Something could not be read: what comes behind cannot be compared. */
  skip(): void {
    this.isSure = false;
  }

  /** All batches were seen. */
  end(): void {
    if (!this.isSure) return;
    for (; this.row < this.rows; this.row++) {
      this.say(this.row, `no batch holds offset ${this.index.offsetOf(this.row)}`);
    }
    const last = this.rows === 0 ? -1 : this.index.timestampOf(this.rows - 1);
    if (!this.trust.isComplete || last >= this.maxTimestamp) return;
    this.say(this.rows, `it ends with timestamp ${last}, but its segment has ${this.maxTimestamp}`);
  }

  protected override ascends(row: number): boolean {
    const { index } = this;
    return row === 0
      ? index.offsetOf(0) >= index.baseOffset
      : index.timestampOf(row) > index.timestampOf(row - 1) &&
          index.offsetOf(row) >= index.offsetOf(row - 1);
  }
}
