import type { ReadValue } from '../support/requests.ts';

/** What a writer sent to one partition, in this order, and what became of it. */
export class Ledger {
  private sent = 0;
  /** Offsets of those that were acknowledged, by number. */
  private readonly offsets = new Map<number, number>();

  /** @param isOnce  its values are sent again until they are acknowledged, and stand there once */
  constructor(
    readonly writer: string,
    readonly isOnce: boolean,
  ) {}

  get acknowledged(): number {
    return this.offsets.size;
  }

  /** The next values to send, made large so that segments fill. */
  next(count: number, padding: number): string[] {
    const first = this.sent;
    this.sent += count;
    return Array.from({ length: count }, (_, i) => `${this.writer}:${first + i}:${pad(padding)}`);
  }

  /** The values are at these offsets, said the broker. */
  acknowledge(values: readonly string[], baseOffset: number): void {
    for (const [i, value] of values.entries()) this.offsets.set(numberOf(value), baseOffset + i);
  }

  /** What is wrong with what was read of this writer. */
  mistakes(found: readonly ReadValue[]): string[] {
    const mistakes: string[] = [];
    const seen = new Map<number, number>();
    let last = -1;
    for (const { offset, value } of found) {
      const number = numberOf(value);
      if (seen.has(number)) mistakes.push(`${this.writer}:${number} is there twice`);
      else if (number < last) mistakes.push(`${this.writer}:${number} comes after ${last}`);
      else if (number >= this.sent) mistakes.push(`${this.writer}:${number} was never sent`);
      else if (this.isOnce && number > last + 1) {
        mistakes.push(`${this.writer}:${number} comes right after ${last}`);
      }
      seen.set(number, offset);
      last = number;
    }
    for (const [number, offset] of this.offsets) {
      const where = seen.get(number);
      if (where === undefined)
        mistakes.push(`${this.writer}:${number} was acknowledged and is lost`);
      else if (where !== offset) {
        mistakes.push(`${this.writer}:${number} is at ${where}, acknowledged was ${offset}`);
      }
    }
    return mistakes;
  }
}

export const writerOf = (value: string): string => value.slice(0, value.indexOf(':'));
const numberOf = (value: string): number => Number(value.split(':')[1]);
const pad = (length: number): string => 'x'.repeat(length);
