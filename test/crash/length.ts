/** How long to go on with something that goes in rounds. */
export type Length = { readonly rounds: number } | { readonly minutes: number };

const msPerMinute = 60_000;

/** Numbers of rounds, from 0 on, for as long as was asked for. */
export function* roundsOf(length: Length): Generator<number, void, void> {
  const endMs = performance.now() + ('minutes' in length ? length.minutes * msPerMinute : Infinity);
  const end = 'rounds' in length ? length.rounds : Infinity;
  for (let round = 0; round < end && performance.now() < endMs; round++) yield round;
}
