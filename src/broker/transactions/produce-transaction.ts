import type { ByteRange } from '../../protocol/byte-range.ts';
import type { ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import type { ProduceRequest } from '../../protocol/messages/produce.ts';
import {
  batchHeaderSize,
  isTransactionalAt,
  producerEpochAt,
  producerIdAt,
} from '../../protocol/record-batch.ts';
import type { ClientKind, TransactionalAppend } from './verification.ts';

/** Knows TRANSACTION_ABORTABLE. */
const firstVersionWithAbortable = 11;
/** Adds partitions to its transaction by writing to them (KIP-890). */
const firstVersionThatAdds = 12;

export type TransactionalProducer = Pick<
  TransactionalAppend,
  'transactionalId' | 'producerId' | 'producerEpoch'
>;

export function isTransactional({ buffer, start, end }: ByteRange): boolean {
  return end - start >= batchHeaderSize && isTransactionalAt(buffer, start);
}

/**
 * Who sends transactional batches; undefined when there are none.
 *
 * @throws {KafkaError} TRANSACTIONAL_ID_AUTHORIZATION_FAILED without a transactional id,
 *   INVALID_PRODUCER_ID_MAPPING when there are several (row 70)
 */
export function transactionalProducer(request: ProduceRequest): TransactionalProducer | undefined {
  const { transactionalId } = request;
  let found: TransactionalProducer | undefined;
  for (const { partitionData } of request.topicData) {
    for (const { records } of partitionData) {
      if (records === null || !isTransactional(records)) continue;
      if (transactionalId === null) {
        const words = 'transactional batches without a transactional id';
        throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', words);
      }
      const { buffer, start } = records;
      const [producerId, producerEpoch] = [
        producerIdAt(buffer, start),
        producerEpochAt(buffer, start),
      ];
      found ??= { transactionalId, producerId, producerEpoch };
      if (found.producerId === producerId && found.producerEpoch === producerEpoch) continue;
      const words = 'Transactional records contained more than one producer ID';
      throw new KafkaError('INVALID_PRODUCER_ID_MAPPING', words);
    }
  }
  return found;
}

/** @param apiVersion  of a Produce request */
export function clientKind(apiVersion: number): ClientKind {
  if (apiVersion >= firstVersionThatAdds) return 'adding';
  return apiVersion >= firstVersionWithAbortable ? 'abortable' : 'plain';
}

/** What old producers would not try again after is told as something that they do. */
const untried: ReadonlySet<ErrorName> = new Set([
  'NETWORK_EXCEPTION',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
]);

/** The coordinator's refusal as producers know it; with words only where Kafka has some. */
export function producerError({ code }: KafkaError, apiVersion: number): KafkaError {
  if (code === 'INVALID_TXN_STATE') {
    return new ToldError(code, 'Partition was not added to the transaction');
  }
  const isAdding = clientKind(apiVersion) === 'adding';
  if (!untried.has(code) && (isAdding || code !== 'CONCURRENT_TRANSACTIONS')) {
    return new KafkaError(code, 'refused by the coordinator of the transaction');
  }
  return new ToldError(
    'NOT_ENOUGH_REPLICAS',
    `Unable to verify the partition has been added to the transaction. Underlying error: ${code}`,
  );
}

/** Its words are for the client. */
export class ToldError extends KafkaError {}
