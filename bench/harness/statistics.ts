export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** How many rounds it is of. */
  readonly rounds: number;
}

/** Values by the number of their round; a round that failed has none. */
export type Rounds = ReadonlyMap<number, number>;

/** Of the rounds that both have: what lasts for one round weighs on both. */
export function ratioOf(ours: Rounds, theirs: Rounds): Ratio | undefined {
  const ratios = [...ours]
    .map(([round, value]) => value / (theirs.get(round) ?? NaN))
    .filter(Number.isFinite);
  if (ratios.length === 0) return undefined;
  return {
    median: median(ratios),
    least: Math.min(...ratios),
    most: Math.max(...ratios),
    rounds: ratios.length,
  };
}
