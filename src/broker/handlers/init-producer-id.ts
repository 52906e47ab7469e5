import type { ProducerIdentity } from '../../coordination/transactions/decide-init.ts';
import type { TransactionCoordinator } from '../../coordination/transactions/transaction-coordinator.ts';
import type { ProducerIds } from '../../coordination/producer-ids.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { initProducerId } from '../../protocol/messages/init-producer-id.ts';
import type { InitProducerIdRequest } from '../../protocol/messages/init-producer-id.ts';
import { defineHandler } from '../handler.ts';
import { fencedFor } from '../transactions/fenced-for.ts';

const none = -1;
/** First version that knows PRODUCER_FENCED. */
const fencedSince = 4;

/**
 * InitProducerId: an idempotent producer is given an id, new and of epoch 0 every time; any broker
 * may be asked, and what the producer had before does not matter. The owner of a transactional id is
 * given what its coordinator decides, and whoever owned the id before is fenced.
 */
export const initProducerIdHandler = (parts: {
  readonly producerIds: ProducerIds;
  readonly transactions: TransactionCoordinator;
}) =>
  defineHandler(initProducerId, {
    async answer(request) {
      const { transactionalId, transactionTimeoutMs: timeoutMs } = request;
      const expected = expectedOf(request);
      const { producerId, producerEpoch } =
        transactionalId === null
          ? { producerId: await parts.producerIds.take(), producerEpoch: 0 }
          : await parts.transactions.init({ transactionalId, timeoutMs, expected });
      return { throttleTimeMs: 0, errorCode: errorCodes.NONE, producerId, producerEpoch };
    },
    refuse: (errorCode, _message, _request, { apiVersion }) => ({
      throttleTimeMs: 0,
      errorCode: fencedFor(errorCode, apiVersion, fencedSince),
      producerId: none,
      producerEpoch: none,
    }),
  });

/** @throws {KafkaError} INVALID_REQUEST (row 140) */
function expectedOf({
  producerId,
  producerEpoch,
}: InitProducerIdRequest): ProducerIdentity | undefined {
  if ((producerId === none) !== (producerEpoch === none)) {
    throw new KafkaError('INVALID_REQUEST', 'a producer id needs its epoch, and an epoch its id');
  }
  return producerId === none ? undefined : { producerId, producerEpoch };
}
