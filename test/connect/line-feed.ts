import { appendFileSync, existsSync, readFileSync } from 'node:fs';

const everyMs = 20;

/** Lines 0, 1, 2, ... appended to a file, for a source that reads it. */
export class LineFeed {
  private written = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(readonly file: string) {}

  /** How many lines there are. */
  get count(): number {
    return this.written;
  }

  start(): void {
    this.timer = setInterval(
      () => appendFileSync(this.file, `${lineOf(this.written++)}\n`),
      everyMs,
    );
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

export const lineOf = (number: number): string => `line ${number}`;
/** The number of a line; NaN for any other text. */
export const numberOf = (line: string): number => Number(/^line (\d+)$/.exec(line)?.[1]);

/** The whole lines that a sink has written; none when it has not begun. */
export function linesIn(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}
