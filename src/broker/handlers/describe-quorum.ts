import type { Clock } from '../../host/clock.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { describeQuorum } from '../../protocol/messages/describe-quorum.ts';
import type {
  DescribeQuorumRequest,
  DescribeQuorumResponse,
} from '../../protocol/messages/describe-quorum.ts';
import { zeroUuid } from '../../protocol/uuid.ts';
import { endpointOf } from '../catalog/cluster-view.ts';
import type { MetadataImage } from '../catalog/image.ts';
import { metadataTopic } from '../catalog/topic-name.ts';
import { defineHandler } from '../handler.ts';

type ReplicaState =
  DescribeQuorumResponse['topics'][number]['partitions'][number]['observers'][number];

/** Kafka's usual name for the listener of controllers, which its tools show. */
const controllerListener = 'CONTROLLER';

/**
 * DescribeQuorum (key 55). The catalog is a quorum of one voter: the first broker of the process;
 * the others observe it, and have all that it has.
 *
 * @param voterId  node id of that broker
 */
export const describeQuorumHandler = (voterId: number, clock: Clock) =>
  defineHandler(describeQuorum, {
    answer(request, { image, listener, apiVersion }) {
      if (!asksForMetadataOnly(request)) return unknownPartitions(request);
      const logEndOffset = image.offset + 1;
      const now = clock.wallMs();
      const state = (replicaId: number): ReplicaState => ({
        replicaId,
        replicaDirectoryId: zeroUuid, // as with static voters
        logEndOffset,
        lastFetchTimestamp: now,
        lastCaughtUpTimestamp: now,
      });
      const quorum = {
        partitionIndex: 0,
        errorCode: errorCodes.NONE,
        leaderId: voterId,
        leaderEpoch: image.epoch,
        highWatermark: logEndOffset,
        currentVoters: [state(voterId)],
        observers: observersOf(image, voterId).map(state),
      };
      return {
        errorCode: errorCodes.NONE,
        topics: [{ topicName: metadataTopic, partitions: [quorum] }],
        ...(apiVersion >= 2 && { nodes: voterNodes(image, voterId, listener) }),
      };
    },
    refuse: (errorCode, errorMessage) => ({ errorCode, errorMessage, topics: [] }),
  });

function asksForMetadataOnly({ topics }: DescribeQuorumRequest): boolean {
  const [topic] = topics;
  return (
    topics.length === 1 &&
    topic?.topicName === metadataTopic &&
    topic.partitions.length === 1 &&
    topic.partitions[0]?.partitionIndex === 0
  );
}

function unknownPartitions({ topics }: DescribeQuorumRequest): DescribeQuorumResponse {
  return {
    errorCode: errorCodes.NONE,
    topics: topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
        errorMessage: 'This server does not host this topic-partition.',
        leaderId: 0,
        leaderEpoch: 0,
        highWatermark: 0,
        currentVoters: [],
        observers: [],
      })),
    })),
  };
}

function observersOf(image: MetadataImage, voterId: number): number[] {
  return [...image.brokers.values()]
    .filter(({ id, fenced }) => id !== voterId && !fenced)
    .map(({ id }) => id);
}

function voterNodes(
  image: MetadataImage,
  voterId: number,
  listener: string,
): DescribeQuorumResponse['nodes'] {
  const endpoint = endpointOf(image.brokers.get(voterId), listener);
  if (endpoint === undefined) return [{ nodeId: voterId, listeners: [] }];
  const { host, port } = endpoint;
  return [{ nodeId: voterId, listeners: [{ name: controllerListener, host, port }] }];
}
