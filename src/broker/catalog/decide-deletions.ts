import type { ErrorName } from '../../protocol/error-codes.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import { zeroUuid } from '../../protocol/uuid.ts';
import type { Change } from './catalog.ts';
import type { MetadataImage } from './image.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { topicRemoved } from './metadata-record.ts';

/** A topic by its name or by its id (the other one null or zero). */
export interface UnwantedTopic {
  readonly name: string | null;
  readonly topicId: Uuid;
}

export interface DeletedTopic extends UnwantedTopic {
  readonly error: ErrorName;
  readonly message: string | null;
}

/**
 * DeleteTopics. Each topic succeeds or fails by itself; every name and id is answered once. A topic that is given both
 * by name and by id, in two places, stays.
 */
export function decideDeleteTopics(
  image: MetadataImage,
  unwanted: readonly UnwantedTopic[],
): Change<DeletedTopic[]> {
  const result: DeletedTopic[] = [];
  const names = new Occurrences<string>();
  const ids = new Occurrences<Uuid>();
  for (const { name, topicId } of unwanted) {
    if (name === null && topicId === zeroUuid) {
      result.push(invalid(null, zeroUuid, 'Neither topic name nor id were specified.'));
    } else if (name === null) ids.add(topicId);
    else if (topicId === zeroUuid) names.add(name);
    else result.push(invalid(name, topicId, 'You may not specify both topic name and topic id.'));
  }
  for (const name of names.repeated) result.push(invalid(name, zeroUuid, 'Duplicate topic name.'));
  for (const id of ids.repeated) result.push(invalid(null, id, 'Duplicate topic id.'));
  const records: MetadataRecord[] = [];
  const byId = new Set([...ids.single, ...ids.repeated]);
  const byBoth = new Set(
    names.single.map((name) => image.topics.get(name)?.id ?? zeroUuid).filter((id) => byId.has(id)),
  );
  for (const id of ids.single) if (!byBoth.has(id)) result.push(deleteById(image, id, records));
  for (const name of names.single) result.push(deleteByName(image, name, byBoth, records));
  return { records, result };
}

function deleteById(image: MetadataImage, topicId: Uuid, records: MetadataRecord[]): DeletedTopic {
  const topic = image.topicsById.get(topicId);
  if (topic === undefined) {
    return { name: null, topicId, error: 'UNKNOWN_TOPIC_ID', message: unknownId };
  }
  records.push(topicRemoved(topicId));
  return { name: topic.name, topicId, error: 'NONE', message: null };
}

function deleteByName(
  image: MetadataImage,
  name: string,
  byBoth: ReadonlySet<Uuid>,
  records: MetadataRecord[],
): DeletedTopic {
  const topic = image.topics.get(name);
  if (topic === undefined) {
    return { name, topicId: zeroUuid, error: 'UNKNOWN_TOPIC_OR_PARTITION', message: unknownName };
  }
  if (byBoth.has(topic.id)) {
    return invalid(
      name,
      topic.id,
      'The provided topic name maps to an ID that was already supplied.',
    );
  }
  records.push(topicRemoved(topic.id));
  return { name, topicId: topic.id, error: 'NONE', message: null };
}

/** The words of Kafka's client for the two errors. */
const unknownId = 'This server does not host this topic ID.';
const unknownName = 'This server does not host this topic-partition.';

function invalid(name: string | null, topicId: Uuid, message: string): DeletedTopic {
  return { name, topicId, error: 'INVALID_REQUEST', message };
}

/** Tells what comes once from what comes again. */
class Occurrences<T> {
  readonly #counts = new Map<T, number>();

  add(item: T): void {
    this.#counts.set(item, (this.#counts.get(item) ?? 0) + 1);
  }

  get single(): T[] {
    return [...this.#counts].filter(([, count]) => count === 1).map(([item]) => item);
  }

  get repeated(): T[] {
    return [...this.#counts].filter(([, count]) => count > 1).map(([item]) => item);
  }
}
