import type { FetchedOffsets, GroupCoordinator } from '../../coordination/group-coordinator.ts';
import type { CommittedOffset } from '../../coordination/group-record.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import type { ErrorCode, ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { offsetFetch } from '../../protocol/messages/offset-fetch.ts';
import type {
  OffsetFetchRequest,
  OffsetFetchResponse,
} from '../../protocol/messages/offset-fetch.ts';
import { zeroUuid } from '../../protocol/uuid.ts';
import type { MetadataImage } from '../catalog/image.ts';
import { defineHandler } from '../handler.ts';

const groupErrorSince = 2;
const batchedSince = 8;
const topicIdsSince = 10;

/** A group of the request, in the shape that v8 gave it. */
interface GroupRequest {
  readonly groupId: string;
  /** null = all that it has committed. */
  readonly topics: readonly TopicRequest[] | null;
}

interface TopicRequest {
  readonly name: string;
  readonly topicId: string;
  readonly partitionIndexes: readonly number[];
}

type GroupResponse = NonNullable<OffsetFetchResponse['groups']>[number];
type TopicResponse = GroupResponse['topics'][number];
type PartitionResponse = TopicResponse['partitions'][number];

/** OffsetFetch: how far groups have read. What was never committed is -1 and no error. */
export const offsetFetchHandler = (groups: GroupCoordinator) =>
  defineHandler(offsetFetch, {
    answer(request, { apiVersion, image }) {
      const fetch: Fetch = { apiVersion, image, requireStable: request.requireStable };
      const found = groupsOf(request, apiVersion).map((group) => fetchOne(groups, group, fetch));
      return shaped(found, apiVersion);
    },
    refuse: (errorCode, _message, request, { apiVersion }) =>
      shaped(
        groupsOf(request, apiVersion).map((group) => refusedGroup(group, errorCode, apiVersion)),
        apiVersion,
      ),
  });

interface Fetch {
  readonly apiVersion: number;
  readonly image: MetadataImage;
  readonly requireStable: boolean;
}

function groupsOf(request: OffsetFetchRequest, apiVersion: number): readonly GroupRequest[] {
  if (apiVersion >= batchedSince) return request.groups;
  const topics = request.topics?.map((topic) => ({ ...topic, topicId: zeroUuid })) ?? null;
  return [{ groupId: request.groupId, topics }];
}

function shaped(groups: readonly GroupResponse[], apiVersion: number): OffsetFetchResponse {
  if (apiVersion >= batchedSince) return { groups };
  const [group] = groups;
  return { topics: group?.topics.map(withoutId) ?? [], errorCode: group?.errorCode };
}

function withoutId({ name = '', partitions }: TopicResponse) {
  return { name, partitions };
}

function fetchOne(groups: GroupCoordinator, group: GroupRequest, fetch: Fetch): GroupResponse {
  const { groupId, topics } = group;
  try {
    const fetched = groups.fetchOffsets(groupId);
    const found = topics === null ? allOf(fetched, fetch) : topicsOf(topics, fetched, fetch);
    return { groupId, topics: found };
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    return refusedGroup(group, errorCodes[error.code], fetch.apiVersion);
  }
}

/** Before v2 there is no place for an error of the whole group. */
function refusedGroup(
  { groupId, topics }: GroupRequest,
  errorCode: ErrorCode,
  apiVersion: number,
): GroupResponse {
  if (apiVersion >= groupErrorSince) return { groupId, topics: [], errorCode };
  const refused = (topics ?? []).map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((index) => ({ ...nothing(index, 'NONE'), errorCode })),
  }));
  return { groupId, topics: refused };
}

function topicsOf(
  topics: readonly TopicRequest[],
  fetched: FetchedOffsets,
  { apiVersion, image, requireStable }: Fetch,
): TopicResponse[] {
  const found: TopicResponse[] = [];
  const unknown: TopicResponse[] = [];
  for (const { topicId, partitionIndexes, ...topic } of topics) {
    const name = apiVersion >= topicIdsSince ? image.topicsById.get(topicId)?.name : topic.name;
    if (name === undefined) {
      const partitions = partitionIndexes.map((index) => nothing(index, 'UNKNOWN_TOPIC_ID'));
      unknown.push({ name: '', topicId, partitions });
      continue;
    }
    const committed = fetched.offsets?.get(name);
    const partitions = partitionIndexes.map((index) => {
      if (requireStable && fetched.isUnstable(name, index)) {
        return nothing(index, 'UNSTABLE_OFFSET_COMMIT');
      }
      const offset = committed?.get(index);
      const isAnothers = offset && isOfAnotherTopic(offset, topicId);
      return offset && !isAnothers ? something(index, offset) : nothing(index, 'NONE');
    });
    found.push({ name, topicId, partitions });
  }
  return [...found, ...unknown];
}

/** Committed for a topic that had the same name, and is no more. */
function isOfAnotherTopic({ topicId }: CommittedOffset, wanted: string): boolean {
  return topicId !== zeroUuid && wanted !== zeroUuid && topicId !== wanted;
}

function allOf(fetched: FetchedOffsets, { apiVersion, image, requireStable }: Fetch) {
  const found: TopicResponse[] = [];
  for (const [name, committed] of fetched.offsets ?? []) {
    const topicId = image.topics.get(name)?.id;
    // By id we cannot speak of a topic that has none.
    if (apiVersion >= topicIdsSince && topicId === undefined) continue;
    const partitions = [...committed].map(([index, offset]) =>
      requireStable && fetched.isUnstable(name, index)
        ? nothing(index, 'UNSTABLE_OFFSET_COMMIT')
        : something(index, offset),
    );
    found.push({ name, topicId: topicId ?? zeroUuid, partitions });
  }
  return found;
}

function something(partitionIndex: number, committed: CommittedOffset): PartitionResponse {
  return {
    partitionIndex,
    committedOffset: committed.offset,
    committedLeaderEpoch: committed.leaderEpoch,
    metadata: committed.metadata,
    errorCode: errorCodes.NONE,
  };
}

function nothing(partitionIndex: number, error: ErrorName): PartitionResponse {
  return {
    partitionIndex,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode: errorCodes[error],
  };
}
