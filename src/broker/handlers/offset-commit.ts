import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import type { OffsetCommit, TopicResult } from '../../coordination/decide-offsets.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import type { ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { offsetCommit } from '../../protocol/messages/offset-commit.ts';
import type {
  OffsetCommitRequest,
  OffsetCommitResponse,
} from '../../protocol/messages/offset-commit.ts';
import { zeroUuid } from '../../protocol/uuid.ts';
import type { MetadataImage } from '../catalog/image.ts';
import { defineHandler } from '../handler.ts';

/** First version that names topics by id. */
const topicIdsSince = 10;

type RequestTopic = Pick<OffsetCommitRequest['topics'][number], 'name' | 'topicId' | 'partitions'>;
type CommitTopic = OffsetCommit['topics'][number];

/** OffsetCommit: a group notes how far it has read. Errors are told per partition, all of them. */
export const offsetCommitHandler = (groups: GroupCoordinator) =>
  defineHandler(offsetCommit, {
    async answer(request, { apiVersion, image }) {
      const { existing, unknown } = sortOut(request.topics, apiVersion >= topicIdsSince, image);
      if (existing.length === 0) return { topics: unknown.map(toResponse) };
      const results = await commitOrRefuse(groups, {
        groupId: request.groupId,
        generationId: request.generationIdOrMemberEpoch,
        memberId: request.memberId,
        groupInstanceId: request.groupInstanceId,
        retentionTimeMs: request.retentionTimeMs,
        takesGroupIdNotFound: apiVersion >= 9,
        isTransactional: false,
        topics: existing,
      });
      return { topics: merged(unknown, results).map(toResponse) };
    },
    refuse: (errorCode, _message, { topics }) => ({
      topics: topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    }),
  });

/** A refusal of the coordinator holds for what it was asked, and spoils nothing else. */
async function commitOrRefuse(
  groups: GroupCoordinator,
  commit: OffsetCommit,
): Promise<readonly TopicResult[]> {
  try {
    return await groups.commit(commit);
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    return refusedCommit(commit, error.code);
  }
}

/** The same error for all that was to be committed. */
export function refusedCommit({ topics }: OffsetCommit, error: ErrorName): TopicResult[] {
  return topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partition }) => ({ partition, error })),
  }));
}

/** Partitions that exist go to the coordinator; the others are answered here. */
export function sortOut(topics: readonly RequestTopic[], byId: boolean, image: MetadataImage) {
  const existing: CommitTopic[] = [];
  const unknown: TopicResult[] = [];
  for (const topic of topics) {
    const known = byId ? image.topicsById.get(topic.topicId) : image.topics.get(topic.name);
    if (!known) {
      const error = byId ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION';
      const topicId = byId ? topic.topicId : zeroUuid;
      unknown.push(allWith(error, topic.name, topicId, topic.partitions));
      continue;
    }
    const { id: topicId, name } = known;
    const isKnown = ({ partitionIndex }: { readonly partitionIndex: number }) =>
      known.partitions[partitionIndex] !== undefined;
    const missing = topic.partitions.filter((partition) => !isKnown(partition));
    if (missing.length > 0) {
      unknown.push(allWith('UNKNOWN_TOPIC_OR_PARTITION', name, topicId, missing));
    }
    const found = topic.partitions.filter(isKnown);
    if (found.length === 0) continue;
    const partitions = found.map((partition) => ({
      partition: partition.partitionIndex,
      offset: partition.committedOffset,
      leaderEpoch: partition.committedLeaderEpoch,
      metadata: partition.committedMetadata,
    }));
    existing.push({ name, topicId, partitions });
  }
  return { existing, unknown };
}

function allWith(
  error: ErrorName,
  name: string,
  topicId: string,
  partitions: readonly { readonly partitionIndex: number }[],
): TopicResult {
  return {
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partition: partitionIndex, error })),
  };
}

/** One entry for a topic, whichever of its partitions were known. */
export function merged(
  unknown: readonly TopicResult[],
  results: readonly TopicResult[],
): TopicResult[] {
  const byTopic = new Map<string, TopicResult>();
  for (const topic of [...unknown, ...results]) {
    const key = `${topic.topicId} ${topic.name}`;
    const known = byTopic.get(key);
    const partitions = [...(known?.partitions ?? []), ...topic.partitions];
    byTopic.set(key, { ...topic, partitions });
  }
  return [...byTopic.values()];
}

function toResponse({
  name,
  topicId,
  partitions,
}: TopicResult): OffsetCommitResponse['topics'][number] {
  return {
    name,
    topicId,
    partitions: partitions.map(({ partition, error }) => ({
      partitionIndex: partition,
      errorCode: errorCodes[error],
    })),
  };
}
