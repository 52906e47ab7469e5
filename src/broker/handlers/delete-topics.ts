import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { deleteTopics } from '../../protocol/messages/delete-topics.ts';
import type { DeleteTopicsRequest } from '../../protocol/messages/delete-topics.ts';
import { zeroUuid } from '../../protocol/uuid.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { decideDeleteTopics } from '../catalog/decide-deletions.ts';
import type { UnwantedTopic } from '../catalog/decide-deletions.ts';
import { defineHandler } from '../handler.ts';

/**
 * DeleteTopics (key 20).
 *
 * @param isEnabled  `delete.topic.enable`
 */
export const deleteTopicsHandler = (catalog: Catalog, isEnabled: () => boolean) =>
  defineHandler(deleteTopics, {
    async answer(request, { apiVersion }) {
      if (!isEnabled()) throw deletionDisabled(apiVersion);
      const unwanted = unwantedTopics(request);
      const results = await catalog.transact((image) => decideDeleteTopics(image, unwanted));
      return {
        throttleTimeMs: 0,
        responses: results.map(({ name, topicId, error, message }) => ({
          name,
          topicId,
          errorCode: errorCodes[error],
          errorMessage: message,
        })),
      };
    },
    refuse: (errorCode, _message, request) => ({
      throttleTimeMs: 0,
      responses: unwantedTopics(request).map(({ name, topicId }) => ({ name, topicId, errorCode })),
    }),
  });

/** Version 6 names topics in another place than the versions before. */
function unwantedTopics({ topics, topicNames }: DeleteTopicsRequest): UnwantedTopic[] {
  return [...topicNames.map((name) => ({ name, topicId: zeroUuid })), ...topics];
}

function deletionDisabled(version: number): KafkaError {
  return version < 3
    ? new KafkaError('INVALID_REQUEST', 'This version does not support topic deletion.')
    : new KafkaError('TOPIC_DELETION_DISABLED', 'Topic deletion is disabled.');
}
