import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { offsetDelete } from '../../protocol/messages/offset-delete.ts';
import type { OffsetDeleteRequest } from '../../protocol/messages/offset-delete.ts';
import type { MetadataImage } from '../catalog/image.ts';
import { defineHandler } from '../handler.ts';

interface TopicResponse {
  name: string;
  partitions: { partitionIndex: number; errorCode: ErrorCode }[];
}

/** OffsetDelete: a group forgets offsets of partitions that none of its members reads. */
export const offsetDeleteHandler = (groups: GroupCoordinator) =>
  defineHandler(offsetDelete, {
    async answer(request, { image }) {
      const { existing, unknown } = sortOut(request, image);
      const results = await groups.deleteOffsets({ groupId: request.groupId, topics: existing });
      const deleted = results.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partition, error }) => ({
          partitionIndex: partition,
          errorCode: errorCodes[error],
        })),
      }));
      return { errorCode: errorCodes.NONE, throttleTimeMs: 0, topics: merged(unknown, deleted) };
    },
    refuse: (errorCode) => ({ errorCode, throttleTimeMs: 0, topics: [] }),
  });

/** Partitions that exist go to the coordinator; the others are answered here. */
function sortOut(request: OffsetDeleteRequest, image: MetadataImage) {
  const existing: { name: string; partitions: number[] }[] = [];
  const unknown: TopicResponse[] = [];
  for (const { name, partitions } of request.topics) {
    const indexes = partitions.map(({ partitionIndex }) => partitionIndex);
    const known = image.topics.get(name)?.partitions;
    const found = indexes.filter((index) => known?.[index] !== undefined);
    const missing = indexes.filter((index) => known?.[index] === undefined);
    if (found.length > 0) existing.push({ name, partitions: found });
    if (missing.length > 0 || !known) {
      const errorCode = errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
      const partitions = missing.map((partitionIndex) => ({ partitionIndex, errorCode }));
      unknown.push({ name, partitions });
    }
  }
  return { existing, unknown };
}

/** One entry for a topic, whichever of its partitions were known. */
function merged(unknown: TopicResponse[], deleted: TopicResponse[]): TopicResponse[] {
  const byName = new Map(unknown.map((topic) => [topic.name, topic]));
  for (const topic of deleted) {
    const known = byName.get(topic.name);
    if (known) known.partitions.push(...topic.partitions);
    else byName.set(topic.name, topic);
  }
  return [...byName.values()];
}
