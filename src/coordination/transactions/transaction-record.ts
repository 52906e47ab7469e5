import { decode, encode, hasVersion } from '../../protocol/codec.ts';
import { MalformedMessage } from '../../protocol/malformed-message.ts';
import {
  transactionLogKey,
  transactionLogValue,
  type TransactionLogValue,
} from '../../protocol/records/transaction-state.ts';
import { prefixed, prefixOf, type KeyAndValue } from '../coordinator-record.ts';
import type {
  PartitionSet,
  Transaction,
  TransactionState,
  TransactionVersion,
} from './transaction.ts';
import {
  groupedByTopic,
  none,
  noPartitions,
  partitionSet,
  transactionVersionOf,
} from './transaction.ts';

/*
 * Records of `__transaction_state`. A key begins with its type, an int16 (0, there is no other), then
 * comes the transactional id; a value begins with its version, an int16: 0, or 1 (flexible) from
 * `transaction.version` 1 on. No value means: the id is forgotten. The newest record of an id counts.
 */

const keyType = 0;
const keyVersion = 0;
const plainValue = 0;
const flexibleValue = 1;

const statusOf: Readonly<Record<TransactionState, number>> = {
  Empty: 0,
  Ongoing: 1,
  PrepareCommit: 2,
  PrepareAbort: 3,
  CompleteCommit: 4,
  CompleteAbort: 5,
};

const stateOf = new Map(
  Object.entries(statusOf).map(([state, status]) => [status, state as TransactionState]),
);

/** What the log says about one transactional id: all of it, or that it is forgotten. */
export interface TransactionRecord {
  readonly transactionalId: string;
  readonly transaction: Transaction | undefined;
}

/** @param version  `transaction.version` of the cluster, which decides about the format */
export function writeTransactionRecord(
  { transactionalId, transaction }: TransactionRecord,
  version: TransactionVersion,
): KeyAndValue {
  const key = prefixed(keyType, encode(transactionLogKey, keyVersion, { transactionalId }));
  if (transaction === undefined) return { key, value: null };
  const valueVersion = version >= 1 ? flexibleValue : plainValue;
  const value = encode(transactionLogValue, valueVersion, {
    ...valueOf(transaction),
    ...(valueVersion === plainValue && withoutTags),
  });
  return { key, value: prefixed(valueVersion, value) };
}

/** undefined for what a later Kafka may have written. @throws {MalformedMessage} */
export function readTransactionRecord(
  key: Buffer,
  value: Buffer | null,
): TransactionRecord | undefined {
  if (prefixOf(key) !== keyType) return undefined;
  const { transactionalId } = decode(transactionLogKey, keyVersion, key.subarray(2));
  if (value === null) return { transactionalId, transaction: undefined };
  const version = prefixOf(value);
  if (!hasVersion(transactionLogValue, version)) return undefined;
  const read = decode(transactionLogValue, version, value.subarray(2));
  return { transactionalId, transaction: transactionOf(transactionalId, read) };
}

function valueOf(transaction: Transaction): TransactionLogValue {
  const { state } = transaction;
  return {
    producerId: transaction.producerId,
    previousProducerId: transaction.previousProducerId,
    nextProducerId: transaction.nextProducerId,
    producerEpoch: transaction.producerEpoch,
    nextProducerEpoch: none,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStatus: statusOf[state],
    transactionPartitions: state === 'Empty' ? null : byTopic(transaction.partitions),
    transactionLastUpdateTimestampMs: transaction.lastUpdateTimestampMs,
    transactionStartTimestampMs: transaction.startTimestampMs,
    clientTransactionVersion: transaction.clientVersion,
  };
}

function transactionOf(transactionalId: string, value: TransactionLogValue): Transaction {
  const state = stateOf.get(value.transactionStatus);
  if (state === undefined) {
    throw new MalformedMessage(`${transactionalId} has status ${value.transactionStatus}`);
  }
  return {
    transactionalId,
    state,
    producerId: value.producerId,
    previousProducerId: value.previousProducerId,
    nextProducerId: value.nextProducerId,
    producerEpoch: value.producerEpoch,
    lastProducerEpoch: none,
    timeoutMs: value.transactionTimeoutMs,
    partitions: state === 'Empty' ? noPartitions : allOf(value.transactionPartitions ?? []),
    startTimestampMs: value.transactionStartTimestampMs,
    lastUpdateTimestampMs: value.transactionLastUpdateTimestampMs,
    clientVersion: transactionVersionOf(value.clientTransactionVersion),
  };
}

/** What the old format has no room for. */
const withoutTags = {
  previousProducerId: none,
  nextProducerId: none,
  clientTransactionVersion: 0,
};

/** Partitions as messages have them: topics with numbers. */
export function byTopic(partitions: PartitionSet): { topic: string; partitionIds: number[] }[] {
  return [...groupedByTopic(partitions.values())].map(([topic, own]) => ({
    topic,
    partitionIds: own.map(({ partition }) => partition),
  }));
}

function allOf(
  topics: readonly { readonly topic: string; readonly partitionIds: readonly number[] }[],
): PartitionSet {
  return partitionSet(
    topics.flatMap(({ topic, partitionIds }) =>
      partitionIds.map((partition) => ({ topic, partition })),
    ),
  );
}
