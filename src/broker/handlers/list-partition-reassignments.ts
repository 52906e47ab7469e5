import { errorCodes } from '../../protocol/error-codes.ts';
import { listPartitionReassignments } from '../../protocol/messages/list-partition-reassignments.ts';
import type { ListPartitionReassignmentsResponse } from '../../protocol/messages/list-partition-reassignments.ts';
import type { MetadataImage, TopicImage } from '../catalog/image.ts';
import { defineHandler } from '../handler.ts';

type TopicAnswer = ListPartitionReassignmentsResponse['topics'][number];

/** ListPartitionReassignments (key 46): partitions whose replicas are being changed. */
export const listPartitionReassignmentsHandler = () =>
  defineHandler(listPartitionReassignments, {
    answer({ topics }, { image }) {
      const wanted =
        topics === null
          ? allTopics(image)
          : topics.map((topic) => ({
              topic: image.topics.get(topic.name),
              indexes: topic.partitionIndexes,
            }));
      const running = wanted
        .map(({ topic, indexes }) => topic && reassignments(topic, indexes))
        .filter((topic) => topic !== undefined)
        .filter(({ partitions }) => partitions.length > 0);
      return {
        throttleTimeMs: 0,
        errorCode: errorCodes.NONE,
        errorMessage: null,
        topics: running,
      };
    },
    refuse: (errorCode, errorMessage) => ({
      throttleTimeMs: 0,
      errorCode,
      errorMessage,
      topics: [],
    }),
  });

function allTopics(image: MetadataImage): { topic: TopicImage; indexes: number[] }[] {
  return Array.from(image.topics.values(), (topic) => ({
    topic,
    indexes: [...topic.partitions.keys()],
  }));
}

function reassignments({ name, partitions }: TopicImage, indexes: readonly number[]): TopicAnswer {
  return {
    name,
    partitions: indexes.flatMap((partitionIndex) => {
      const partition = partitions[partitionIndex];
      if (partition === undefined) return [];
      const { replicas, addingReplicas, removingReplicas } = partition;
      if (addingReplicas.length === 0 && removingReplicas.length === 0) return [];
      return [{ partitionIndex, replicas, addingReplicas, removingReplicas }];
    }),
  };
}
