import type { Ledger } from './ledger.ts';

/** What was acknowledged in all folders of a run. */
export class Tally {
  private readonly ledgers: Ledger[] = [];

  /** A new folder, with these writers. */
  add(ledgers: readonly Ledger[]): void {
    this.ledgers.push(...ledgers);
  }

  get acknowledged(): number {
    return this.ledgers.reduce((sum, ledger) => sum + ledger.acknowledged, 0);
  }

  /** A broker that refuses everything loses nothing; nor does one that refuses a single codec. */
  mistakes(): string[] {
    const heard = new Set(
      this.ledgers.filter(({ acknowledged }) => acknowledged > 0).map(({ writer }) => writer),
    );
    const all = new Set(this.ledgers.map(({ writer }) => writer));
    return [...all]
      .filter((writer) => !heard.has(writer))
      .map((writer) => `${writer}: nothing was ever acknowledged`);
  }
}
