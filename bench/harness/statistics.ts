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
}

/** Round by round: what lasts for one round weighs on both. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Ratio | undefined {
  const ratios = ours
    .slice(0, theirs.length)
    .map((value, round) => value / (theirs[round] ?? NaN))
    .filter(Number.isFinite);
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}
