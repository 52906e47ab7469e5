import type { ErrorName } from '../../protocol/error-codes.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import type { Change } from './catalog.ts';
import { isActive } from './image.ts';
import type { MetadataImage } from './image.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { changePartition } from './partition-change.ts';

export type RequestedElection = 'preferred' | 'unclean';

export interface ElectionResult {
  readonly partition: number;
  readonly error: ErrorName;
  /** null where Kafka says nothing. */
  readonly message: string | null;
}

export interface TopicElections {
  readonly topic: string;
  readonly results: readonly ElectionResult[];
}

/**
 * ElectLeaders: a leader for each named partition, or for all of the cluster (`null`; partitions
 * that need none are then left out of the answer).
 */
export function decideElection(
  image: MetadataImage,
  election: RequestedElection,
  wanted: readonly { topic: string; partitions: readonly number[] }[] | null,
): Change<TopicElections[]> {
  const records: MetadataRecord[] = [];
  const elect = (topic: string, partition: number): ElectionResult =>
    electLeader(image, election, topic, partition, records);
  if (wanted !== null) {
    const result = wanted.map(({ topic, partitions }) => ({
      topic,
      results: partitions.map((partition) => elect(topic, partition)),
    }));
    return { records, result };
  }
  const result = [...image.topics.values()].map(({ name, partitions }) => ({
    topic: name,
    results: partitions
      .map((_, partition) => elect(name, partition))
      .filter(({ error }) => error !== 'ELECTION_NOT_NEEDED'),
  }));
  return { records, result };
}

/**
 * The leader leads on at a higher epoch, because its log was opened again after a failure. Nothing
 * changes when it does not lead at that epoch any more.
 */
export function decideNewLeaderEpoch(
  image: MetadataImage,
  leader: number,
  led: { readonly topicId: Uuid; readonly partition: number; readonly leaderEpoch: number },
): Change<void> {
  const now = image.topicsById.get(led.topicId)?.partitions[led.partition];
  const isSame = now?.leader === leader && now.leaderEpoch === led.leaderEpoch;
  if (!isSame) return { records: [], result: undefined };
  const canLead = (broker: number): boolean => broker === leader;
  const record = changePartition(led, now, { canLead, newEpoch: true });
  return { records: record === undefined ? [] : [record], result: undefined };
}

/** The words of Kafka's client for an error that comes without any. */
const defaultMessages = {
  ELECTION_NOT_NEEDED: 'Leader election not needed for topic partition.',
  PREFERRED_LEADER_NOT_AVAILABLE: 'The preferred leader was not available.',
  ELIGIBLE_LEADERS_NOT_AVAILABLE: 'Eligible topic partition leaders are not available.',
} as const satisfies Partial<Record<ErrorName, string>>;

function electLeader(
  image: MetadataImage,
  election: RequestedElection,
  topicName: string,
  partitionId: number,
  records: MetadataRecord[],
): ElectionResult {
  const ended = (error: ErrorName, message: string | null): ElectionResult => ({
    partition: partitionId,
    error,
    message,
  });
  const topic = image.topics.get(topicName);
  if (topic === undefined) {
    return ended('UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${topicName}`);
  }
  const partition = topic.partitions[partitionId];
  if (partition === undefined) {
    return ended('UNKNOWN_TOPIC_OR_PARTITION', `No such partition as ${topicName}-${partitionId}`);
  }
  const isNeeded =
    election === 'preferred' ? partition.leader !== partition.replicas[0] : partition.leader === -1;
  if (!isNeeded) return ended('ELECTION_NOT_NEEDED', defaultMessages.ELECTION_NOT_NEEDED);
  const record = changePartition({ topicId: topic.id, partition: partitionId }, partition, {
    election,
    canLead: (broker) => isActive(image.brokers.get(broker)),
  });
  if (record === undefined) {
    const error =
      election === 'preferred'
        ? 'PREFERRED_LEADER_NOT_AVAILABLE'
        : 'ELIGIBLE_LEADERS_NOT_AVAILABLE';
    return ended(error, defaultMessages[error]);
  }
  records.push(record);
  return ended('NONE', null);
}
