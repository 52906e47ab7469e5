import { partitionFor } from '../../coordination/partition-for.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import type { ErrorCode, ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { findCoordinator } from '../../protocol/messages/find-coordinator.ts';
import type { MetadataImage } from '../catalog/image.ts';
import type { TopicCreation } from '../catalog/topic-creation.ts';
import { offsetsTopic, transactionsTopic } from '../catalog/topic-name.ts';
import { defineHandler } from '../handler.ts';
import type { RequestContext } from '../handler.ts';

const keyTypes = { group: 0, transaction: 1, share: 2 } as const;
const topicOf: ReadonlyMap<number, string> = new Map([
  [keyTypes.group, offsetsTopic],
  [keyTypes.transaction, transactionsTopic],
]);

/** First version that asks for several keys at once, and has an entry for each. */
const batchedSince = 4;
const shareKeysSince = 6;

/** `groupId:topicId:partition` */
const shareKey = /^[^:]+:[A-Za-z0-9_-]{22}:\d+$/;

interface Coordinator {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
}

/**
 * FindCoordinator: which broker is in charge of a group or a transactional id. The topic that these
 * live in is made when it is first asked for, and the answer waits for it.
 */
export const findCoordinatorHandler = (topicCreation: Pick<TopicCreation, 'ensureInternalTopic'>) =>
  defineHandler(findCoordinator, {
    async answer({ key, keyType, coordinatorKeys }, context) {
      const topicName = topicOf.get(keyType);
      if (topicName !== undefined) await topicCreation.ensureInternalTopic(topicName);
      const { image } = context;
      if (context.apiVersion < batchedSince) {
        const found = find(keyType, key, image, context);
        return {
          ...found,
          // Kafka says so in the versions that carry one message for everything.
          errorMessage: found.errorCode === errorCodes.NONE ? 'NONE' : found.errorMessage,
        };
      }
      return {
        coordinators: coordinatorKeys.map((one) => ({
          key: one,
          ...find(keyType, one, image, context),
        })),
      };
    },
    refuse: (errorCode, message, { coordinatorKeys }, { apiVersion }) => {
      const nobody = { ...nowhere, errorCode, errorMessage: message };
      if (apiVersion < batchedSince) return nobody;
      return { coordinators: coordinatorKeys.map((key) => ({ key, ...nobody })) };
    },
  });

const nowhere = { nodeId: -1, host: '', port: -1 };

function find(
  keyType: number,
  key: string,
  image: MetadataImage,
  { apiVersion, listener }: RequestContext,
): Coordinator {
  switch (keyType) {
    case keyTypes.group:
      return coordinatorIn(offsetsTopic, key, image, listener);
    case keyTypes.transaction:
      return coordinatorIn(transactionsTopic, key, image, listener);
    case keyTypes.share:
      if (apiVersion < shareKeysSince || !shareKey.test(key)) {
        return refused('INVALID_REQUEST', 'This is not the key of a share partition.');
      }
      return refused('UNSUPPORTED_VERSION', 'Share groups are not served by this broker yet.');
    default:
      throw new KafkaError('INVALID_REQUEST', `Unknown coordinator type received: ${keyType}`);
  }
}

function coordinatorIn(
  topicName: string,
  key: string,
  image: MetadataImage,
  listener: string,
): Coordinator {
  const partitions = image.topics.get(topicName)?.partitions ?? [];
  const leader = partitions[partitionFor(key, partitions.length)]?.leader ?? -1;
  const broker = image.brokers.get(leader);
  const endpoint = broker?.endpoints.find((one) => one.listener === listener);
  if (!broker || broker.fenced || !endpoint) {
    return refused('COORDINATOR_NOT_AVAILABLE', 'The coordinator is not available.');
  }
  const { host, port } = endpoint;
  return { nodeId: broker.id, host, port, errorCode: errorCodes.NONE, errorMessage: '' };
}

function refused(error: ErrorName, errorMessage: string): Coordinator {
  return { ...nowhere, errorCode: errorCodes[error], errorMessage };
}
