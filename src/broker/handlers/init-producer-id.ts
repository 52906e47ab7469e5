import type { ProducerIds } from '../../coordination/producer-ids.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { initProducerId } from '../../protocol/messages/init-producer-id.ts';
import type { InitProducerIdRequest } from '../../protocol/messages/init-producer-id.ts';
import { defineHandler } from '../handler.ts';

const none = -1;

/**
 * InitProducerId: an idempotent producer is given an id, new and of epoch 0 every time. Any broker
 * may be asked, and what the producer had before does not matter.
 *
 * Transactions are not served yet. A transactional producer hears UNSUPPORTED_VERSION, which it
 * takes as final, instead of asking again for ever.
 */
export const initProducerIdHandler = (producerIds: ProducerIds) =>
  defineHandler(initProducerId, {
    async answer(request) {
      refuseWhatIsWrong(request);
      const producerId = await producerIds.take();
      return { throttleTimeMs: 0, errorCode: errorCodes.NONE, producerId, producerEpoch: 0 };
    },
    refuse: (errorCode) => ({
      throttleTimeMs: 0,
      errorCode,
      producerId: none,
      producerEpoch: none,
    }),
  });

function refuseWhatIsWrong({ transactionalId, producerId, producerEpoch }: InitProducerIdRequest) {
  if ((producerId === none) !== (producerEpoch === none)) {
    throw new KafkaError('INVALID_REQUEST', 'a producer id needs its epoch, and an epoch its id');
  }
  if (transactionalId === '') throw new KafkaError('INVALID_REQUEST', 'empty transactional id');
  if (transactionalId !== null) {
    throw new KafkaError('UNSUPPORTED_VERSION', 'transactions are not served by this broker yet');
  }
}
