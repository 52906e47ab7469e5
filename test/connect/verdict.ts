/** How often a record of a source may stand in its topic. */
export type Delivery = 'exactly-once' | 'at-least-once';

/** Something numbered, found at this offset. */
export interface FoundNumber {
  readonly offset: number;
  readonly number: number;
}

export interface SequenceVerdict {
  readonly count: number;
  readonly missing: number;
  readonly repeated: number;
  readonly mistakes: readonly string[];
}

/**
 * What is wrong with the numbers that one task of a source has written, in the order of their topic. It counts from 0
 * up, and goes on behind the offset that it has stored.
 *
 * @param end  the number behind the last one that was stored or acknowledged
 */
export function judgeSequence(
  name: string,
  found: readonly FoundNumber[],
  end: number,
  delivery: Delivery,
): SequenceVerdict {
  const mistakes: string[] = [];
  const seen = new Set<number>();
  let repeated = 0;
  let next = 0;
  for (const { offset, number } of found) {
    if (seen.has(number)) {
      repeated++;
      if (delivery === 'exactly-once')
        mistakes.push(`${name}: ${number} is there again, at ${offset}`);
      continue;
    }
    // What is repeated goes back; what is new follows all that was there.
    if (number !== next)
      mistakes.push(`${name}: ${number} at ${offset} comes where ${next} was due`);
    seen.add(number);
    next = Math.max(next, number + 1);
  }
  if (delivery === 'exactly-once' && next > end)
    mistakes.push(`${name}: goes on to ${next - 1}, and the stored offset is behind ${end - 1}`);
  const last = Math.max(next, end);
  let missing = 0;
  for (let number = 0; number < last; number++) {
    if (seen.has(number)) continue;
    missing++;
    mistakes.push(`${name}: ${number} is missing`);
  }
  return { count: seen.size, missing, repeated, mistakes };
}

/** What is wrong with what a sink was given of a topic. */
export function judgeSink(
  name: string,
  inTopic: ReadonlySet<string>,
  given: ReadonlyMap<string, number>,
): { readonly repeated: number; readonly mistakes: readonly string[] } {
  const mistakes = [
    ...[...inTopic].filter((record) => !given.has(record)).map((record) => `never got ${record}`),
    ...[...given.keys()]
      .filter((record) => !inTopic.has(record))
      .map((record) => `got ${record}, which no committed record is`),
  ].map((mistake) => `${name}: ${mistake}`);
  const times = [...given.values()].reduce((sum, count) => sum + count, 0);
  return { repeated: times - given.size, mistakes };
}
