import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { describeTopicPartitions } from '../../protocol/messages/describe-topic-partitions.ts';
import type {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
} from '../../protocol/messages/describe-topic-partitions.ts';
import { zeroUuid } from '../../protocol/uuid.ts';
import { offlineReplicas, topicOperations, visibleLeader } from '../catalog/cluster-view.ts';
import type { MetadataImage, PartitionImage, TopicImage } from '../catalog/image.ts';
import { invalidTopicName, isInternalTopic } from '../catalog/topic-name.ts';
import { defineHandler } from '../handler.ts';

type TopicAnswer = DescribeTopicPartitionsResponse['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];
type Cursor = DescribeTopicPartitionsRequest['cursor'];

/**
 * DescribeTopicPartitions (key 75): topics in the order of their names, a page of partitions at a
 * time; the cursor says where the next page begins.
 *
 * @param partitionLimit  `max.request.partition.size.limit`
 */
export const describeTopicPartitionsHandler = (partitionLimit: () => number) =>
  defineHandler(describeTopicPartitions, {
    answer(request, { image, listener }) {
      const limit = Math.max(1, Math.min(partitionLimit(), request.responsePartitionLimit));
      const names = wantedNames(request, image);
      const page = new Page(image, listener, limit, request.cursor);
      const skipsMissing = request.topics.length === 0;
      for (const name of names) if (!page.add(name, skipsMissing)) break;
      return { throttleTimeMs: 0, topics: page.topics, nextCursor: page.nextCursor };
    },
    refuse: (errorCode, _message, { topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name }) => ({ errorCode, name, topicId: zeroUuid, partitions: [] })),
    }),
  });

/** Names from the cursor on, sorted. */
function wantedNames(
  { topics, cursor }: DescribeTopicPartitionsRequest,
  image: MetadataImage,
): string[] {
  const asked = topics.length > 0 ? topics.map(({ name }) => name) : image.topics.keys();
  const start = cursor?.topicName ?? '';
  const names = new Set([...asked].filter((name) => name >= start));
  if (cursor !== null && topics.length > 0 && !names.has(cursor.topicName)) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `DescribeTopicPartitionsRequest topic list should contain the cursor topic: ${cursor.topicName}`,
    );
  }
  if (cursor !== null && cursor.partitionIndex < 0) {
    throw new KafkaError(
      'INVALID_REQUEST',
      'DescribeTopicPartitionsRequest cursor partition must be valid: ' +
        `Cursor(topicName='${cursor.topicName}', partitionIndex=${cursor.partitionIndex})`,
    );
  }
  return [...names].sort();
}

/** Fills up with partitions until there is room for no more. */
class Page {
  readonly topics: TopicAnswer[] = [];
  nextCursor: Cursor = null;
  #room: number;

  constructor(
    private readonly image: MetadataImage,
    private readonly listener: string,
    limit: number,
    private readonly cursor: Cursor,
  ) {
    this.#room = limit;
  }

  /** @returns false when the page is full */
  add(name: string, skipsMissing: boolean): boolean {
    if (this.#room === 0) {
      this.nextCursor = { topicName: name, partitionIndex: 0 };
      return false;
    }
    const topic = this.image.topics.get(name);
    if (topic === undefined) {
      if (!skipsMissing) this.topics.push(missing(name));
      return true;
    }
    const first = this.cursor?.topicName === name ? this.cursor.partitionIndex : 0;
    const end = Math.min(topic.partitions.length, first + this.#room);
    this.topics.push(this.#answer(topic, first, end));
    this.#room -= Math.max(0, end - first);
    if (end >= topic.partitions.length) return true;
    this.nextCursor = { topicName: name, partitionIndex: end };
    return false;
  }

  #answer(topic: TopicImage, first: number, end: number): TopicAnswer {
    return {
      errorCode: errorCodes.NONE,
      name: topic.name,
      topicId: topic.id,
      isInternal: isInternalTopic(topic.name),
      partitions: topic.partitions
        .slice(first, end)
        .map((partition, index) => this.#partition(partition, first + index)),
      topicAuthorizedOperations: topicOperations,
    };
  }

  #partition(partition: PartitionImage, partitionIndex: number): PartitionAnswer {
    return {
      errorCode: errorCodes.NONE,
      partitionIndex,
      leaderId: visibleLeader(this.image, partition, this.listener) ?? -1,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: partition.isr,
      eligibleLeaderReplicas: partition.eligibleLeaderReplicas ?? [],
      lastKnownElr: partition.lastKnownElr ?? [],
      offlineReplicas: offlineReplicas(this.image, partition, this.listener),
    };
  }
}

function missing(name: string): TopicAnswer {
  const isInvalid = invalidTopicName(name) !== undefined;
  return {
    errorCode: isInvalid
      ? errorCodes.INVALID_TOPIC_EXCEPTION
      : errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    name,
    topicId: zeroUuid,
    isInternal: isInternalTopic(name),
    partitions: [],
    topicAuthorizedOperations: topicOperations,
  };
}
