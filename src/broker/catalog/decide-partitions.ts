import { KafkaError } from '../../protocol/kafka-error.ts';
import type { Change } from './catalog.ts';
import {
  assignedPartition,
  duplicateTopic,
  placedPartitions,
  refuseAssignment,
  refused,
  requireAssignable,
  splitDuplicates,
} from './decide-topics.ts';
import type { Refused } from './decide-topics.ts';
import type { MetadataImage, TopicImage } from './image.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { partitionState } from './metadata-record.ts';
import { isInternalTopic } from './topic-name.ts';

export interface WantedPartitions {
  readonly name: string;
  /** How many there shall be in the end. */
  readonly count: number;
  /** Replicas of the new ones; null: placed by the broker. */
  readonly assignments: readonly { readonly brokerIds: readonly number[] }[] | null;
}

export interface GrownTopic {
  readonly name: string;
  readonly error: 'NONE';
}

/** How many one request may add: as many as CreateTopics may create. */
const maxPartitionsPerRequest = 10_000;

/** CreatePartitions. Each topic succeeds or fails by itself; every name is answered once. */
export function decideCreatePartitions(
  image: MetadataImage,
  wanted: readonly WantedPartitions[],
  validateOnly = false,
): Change<(GrownTopic | Refused)[]> {
  const { unique, duplicates } = splitDuplicates(wanted, ({ name }) => name);
  const records: MetadataRecord[] = [];
  const result: (GrownTopic | Refused)[] = duplicates.map(duplicateTopic);
  for (const topic of unique) {
    try {
      const room = maxPartitionsPerRequest - records.length;
      for (const record of addedPartitions(image, topic, room)) records.push(record);
      result.push({ name: topic.name, error: 'NONE' });
    } catch (error) {
      result.push(refused(topic.name, error));
    }
  }
  return { records: validateOnly ? [] : records, result };
}

/**
 * Groups and transactional ids find their coordinator by the number of these partitions: with another
 * one their offsets and epochs would be lost. Kafka lets it happen, at its next start.
 */
function requireSpread({ name }: TopicImage): void {
  if (!isInternalTopic(name)) return;
  throw new KafkaError(
    'INVALID_PARTITIONS',
    `Topic ${name} keeps its number of partitions: by it groups and transactions find their coordinator.`,
  );
}

function addedPartitions(
  image: MetadataImage,
  wanted: WantedPartitions,
  room: number,
): MetadataRecord[] {
  const topic = image.topics.get(wanted.name);
  if (topic === undefined) {
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION');
  }
  requireSpread(topic);
  const present = topic.partitions.length;
  requireIncrease(topic, wanted.count);
  const additional = wanted.count - present;
  if (wanted.assignments !== null && wanted.assignments.length !== additional) {
    refuseAssignment(
      `Attempted to add ${additional} additional partition(s), but only ` +
        `${wanted.assignments.length} assignment(s) were specified.`,
    );
  }
  if (additional > room) {
    throw new KafkaError('POLICY_VIOLATION', 'Excessively large number of partitions per request.');
  }
  const replicationFactor = topic.partitions[0]?.replicas.length ?? 1;
  if (wanted.assignments === null) {
    return placedPartitions(image, {
      firstPartition: present,
      partitionCount: additional,
      replicationFactor,
      start: stripeStart(image, topic),
    }).map((partition, index) => partitionState(topic.id, present + index, partition));
  }
  return wanted.assignments.map(({ brokerIds }, index) => {
    requireAssignable(image, brokerIds, replicationFactor);
    const partition = assignedPartition(image, present + index, brokerIds);
    return partitionState(topic.id, present + index, partition);
  });
}

function requireIncrease({ name, partitions }: TopicImage, count: number): void {
  const present = partitions.length;
  if (count === present) {
    throw new KafkaError('INVALID_PARTITIONS', `Topic already has ${present} partition(s).`);
  }
  if (count < present) {
    throw new KafkaError(
      'INVALID_PARTITIONS',
      `The topic ${name} currently has ${present} partition(s); ${count} would not be an increase.`,
    );
  }
}

/** Where the topic's first leader stands, so that new partitions carry its stripe on. */
function stripeStart(image: MetadataImage, topic: TopicImage): number {
  const live = [...image.brokers.values()].filter(({ fenced }) => !fenced).map(({ id }) => id);
  const first = topic.partitions[0]?.replicas[0] ?? -1;
  return Math.max(0, live.sort((a, b) => a - b).indexOf(first));
}
