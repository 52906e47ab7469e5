import {
  baseSequenceAt,
  incrementSequence,
  isControlAt,
  producerEpochAt,
  producerIdAt,
} from '../../../protocol/record-batch.ts';
import type { AbortedRow } from '../../aborted-transactions.ts';
import { decodeSnapshot } from '../../producer-snapshot.ts';
import type { ProducerEntry } from '../../producer-state.ts';
import { ProducerState } from '../../producer-state.ts';
import type { CheckReport } from './check-report.ts';

/** A producer snapshot that could be read. */
export interface FoundSnapshot {
  readonly path: string;
  readonly offset: number;
  /** Sound: it was decoded once. */
  readonly bytes: Buffer;
}

/** Folds the batches into the state of their producers, and compares it with the snapshots. */
export class ProducerCheck {
  private readonly state = new ProducerState();
  /** The fold knows every producer: it began at the beginning, or at a snapshot. */
  isExact: boolean;
  private next: number;

  /** @param snapshots  in order of their offsets */
  constructor(
    private readonly report: CheckReport,
    private readonly snapshots: readonly FoundSnapshot[],
    firstOffset: number,
  ) {
    const seed = snapshots.find(({ offset }) => offset === firstOffset);
    for (const entry of seed === undefined ? [] : decodeSnapshot(seed.bytes))
      this.state.load(entry);
    this.isExact = firstOffset === 0 || seed !== undefined;
    this.next = snapshots.findIndex(({ offset }) => offset > firstOffset);
    if (this.next < 0) this.next = snapshots.length;
  }

  /** The log goes on at `offset`: snapshots up to there say what was folded until now. */
  reach(offset: number): void {
    for (; this.next < this.snapshots.length; this.next++) {
      const snapshot = this.snapshots[this.next] as FoundSnapshot;
      if (snapshot.offset > offset) return;
      if (this.isExact) this.compare(snapshot);
    }
  }

  /** What is wrong with the sequence numbers of a batch: they come twice, or some are missing. */
  sequenceProblem(buffer: Buffer, at: number): { isRepeated: boolean; words: string } | undefined {
    const producerId = producerIdAt(buffer, at);
    const baseSequence = baseSequenceAt(buffer, at);
    if (producerId < 0 || baseSequence < 0 || isControlAt(buffer, at)) return undefined;
    const entry = this.state.get(producerId);
    const epoch = producerEpochAt(buffer, at);
    if (entry === undefined || entry.lastSequence < 0) return undefined;
    if (epoch < entry.producerEpoch) {
      const words = `producer ${producerId} wrote in epoch ${epoch} after ${entry.producerEpoch}`;
      return { isRepeated: true, words };
    }
    const expected = incrementSequence(entry.lastSequence, 1);
    if (epoch > entry.producerEpoch || baseSequence === expected) return undefined;
    // The distance on the circle of sequence numbers: more than half of it is backwards.
    const isRepeated = incrementSequence(baseSequence, 2 ** 31 - expected) >= 2 ** 30;
    const words = `sequence ${baseSequence} of producer ${producerId} where ${expected} follows`;
    return { isRepeated, words };
  }

  /** Takes in a batch. @returns the row that the transaction index must have for it */
  apply(buffer: Buffer, at: number): AbortedRow | undefined {
    return this.state.apply(buffer, at);
  }

  private compare({ path, offset, bytes }: FoundSnapshot): void {
    const seen = new Set<number>();
    for (const entry of decodeSnapshot(bytes)) {
      seen.add(entry.producerId);
      const problem = difference(entry, this.state.get(entry.producerId));
      if (problem !== undefined) {
        this.report.error(path, `of producer ${entry.producerId} ${problem}`, { offset });
      }
    }
    // A producer that was quiet for long may be left out, one in a transaction may not.
    for (const { producerId, currentTransactionStartOffset: first } of this.state.all()) {
      if (first < 0 || seen.has(producerId)) continue;
      const message = `it lacks producer ${producerId}, whose transaction began at offset ${first}`;
      this.report.error(path, message, { offset });
    }
  }
}

function difference(found: ProducerEntry, folded: ProducerEntry | undefined): string | undefined {
  if (folded === undefined) return 'the log holds nothing';
  const pairs: [string, number, number][] = [
    ['epoch', found.producerEpoch, folded.producerEpoch],
    ['open transaction', found.currentTransactionStartOffset, folded.currentTransactionStartOffset],
  ];
  // Forgotten in between and then heard of through a marker alone: no batch is remembered.
  if (found.lastSequence >= 0) {
    const [ours, theirs] = [found.batches.at(-1), folded.batches.at(-1)];
    pairs.push(['last sequence', found.lastSequence, folded.lastSequence]);
    pairs.push(['last offset', ours?.lastOffset ?? -1, theirs?.lastOffset ?? -1]);
  }
  const wrong = pairs.find(([, is, shouldBe]) => is !== shouldBe);
  return wrong && `the ${wrong[0]} is ${wrong[1]}, but the log says ${wrong[2]}`;
}

/** Compares the rows of a `.txnindex` with those that the markers of its segment ask for. */
export function compareAborted(
  found: readonly AbortedRow[],
  folded: readonly AbortedRow[],
  markers: ReadonlyMap<number, number>,
  isExact: boolean,
): string[] {
  const problems: string[] = [];
  const unmatched = new Map(found.map((row) => [row.lastOffset, row]));
  for (const row of folded) {
    const theirs = unmatched.get(row.lastOffset);
    unmatched.delete(row.lastOffset);
    const what = `the transaction of producer ${row.producerId} that was aborted at offset ${row.lastOffset}`;
    if (theirs === undefined) problems.push(`it lacks ${what}`);
    else if (theirs.producerId !== row.producerId) {
      problems.push(`it gives producer ${theirs.producerId} ${what}`);
    } else if (isExact && theirs.firstOffset !== row.firstOffset) {
      problems.push(`it lets ${what} begin at ${theirs.firstOffset}, not at ${row.firstOffset}`);
    } else if (isExact && theirs.lastStableOffset !== row.lastStableOffset) {
      problems.push(
        `it gives the last stable offset ${theirs.lastStableOffset} to ${what}; it was ${row.lastStableOffset}`,
      );
    }
  }
  for (const row of unmatched.values()) {
    if (!isExact && (markers.get(row.lastOffset) ?? row.producerId) === row.producerId) continue;
    problems.push(`no transaction of producer ${row.producerId} was aborted at ${row.lastOffset}`);
  }
  const isAscending = found.every(
    ({ lastOffset }, i) => i === 0 || lastOffset > (found[i - 1]?.lastOffset ?? -1),
  );
  if (!isAscending) problems.push('its rows do not ascend');
  return problems;
}
