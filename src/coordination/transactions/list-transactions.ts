import { KafkaError } from '../../protocol/kafka-error.ts';
import type { Transaction } from './transaction.ts';

/** Which transactions to tell of; what is empty or undefined does not filter. */
export interface TransactionFilter {
  readonly states: readonly string[];
  readonly producerIds: readonly number[];
  /** Only those that began longer ago than this. */
  readonly longerThanMs: number | undefined;
  /** A regular expression that the whole transactional id is to match. */
  readonly idPattern: string | undefined;
}

/** Kafka's names, those included that no transaction of ours is ever seen in. */
const stateNames: ReadonlySet<string> = new Set([
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
]);

export function unknownStates(states: readonly string[]): string[] {
  return states.filter((state) => !stateNames.has(state));
}

/** @throws {KafkaError} INVALID_REGULAR_EXPRESSION */
export async function listed(
  transactions: readonly Transaction[],
  { states, producerIds, longerThanMs, idPattern }: TransactionFilter,
  nowMs: number,
): Promise<Transaction[]> {
  const matches = idPattern === undefined ? () => true : await matcher(idPattern);
  return transactions.filter(
    ({ transactionalId, state, producerId, startTimestampMs }) =>
      (producerIds.length === 0 || producerIds.includes(producerId)) &&
      (states.length === 0 || states.includes(state)) &&
      (longerThanMs === undefined || nowMs - startTimestampMs > longerThanMs) &&
      matches(transactionalId),
  );
}

/**
 * RE2, as in Kafka: its time grows with the length of the name alone, whatever the pattern. With the
 * engine's own expressions a client could keep the event loop busy for hours.
 */
async function matcher(pattern: string): Promise<(name: string) => boolean> {
  const { RE2JS } = await import('re2js');
  try {
    const compiled = RE2JS.compile(pattern);
    return (name) => compiled.matches(name);
  } catch (error) {
    throw new KafkaError(
      'INVALID_REGULAR_EXPRESSION',
      `Transaction ID pattern \`${pattern}\` is not a valid regular expression: ${String(error)}.`,
    );
  }
}
