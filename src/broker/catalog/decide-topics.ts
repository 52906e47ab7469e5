import type { ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import type { Change } from './catalog.ts';
import { unassignedDirectory } from './directory-id.ts';
import { isActive } from './image.ts';
import type { MetadataImage, PartitionImage } from './image.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { configChanged, partitionState, topicCreated } from './metadata-record.ts';
import { placeReplicas } from './placement.ts';
import { collisionName, metadataTopic, requireTopicName } from './topic-name.ts';

/** Kafka's limit for one CreateTopics request. */
const maxPartitionsPerRequest = 10_000;

export interface Refused {
  readonly name: string;
  readonly error: Exclude<ErrorName, 'NONE'>;
  /** In the words Kafka's tools print; null where Kafka says nothing. */
  readonly message: string | null;
}

export interface WantedTopic {
  readonly name: string;
  /** -1: the default, or as the assignments say. */
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly assignments: readonly {
    readonly partitionIndex: number;
    readonly brokerIds: readonly number[];
  }[];
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}

export interface CreatedTopic {
  readonly name: string;
  readonly error: 'NONE';
  readonly topicId: Uuid;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  /** As asked for. */
  readonly configs: ReadonlyMap<string, string>;
}

/** What a broker says about topics beside the image. */
export interface TopicRules {
  readonly numPartitions: number;
  readonly replicationFactor: number;
  /** @throws {KafkaError} INVALID_CONFIG */
  validateConfigs(configs: ReadonlyMap<string, string>): void;
  newTopicId(): Uuid;
}

/**
 * CreateTopics. Each topic succeeds or fails by itself; every name is answered once.
 *
 * @param validateOnly  check everything, create nothing
 * @throws {KafkaError} POLICY_VIOLATION too many partitions at once
 */
export function decideCreateTopics(
  image: MetadataImage,
  wanted: readonly WantedTopic[],
  rules: TopicRules,
  validateOnly = false,
): Change<(CreatedTopic | Refused)[]> {
  const { unique, duplicates } = splitDuplicates(wanted, ({ name }) => name);
  const allowed = unique.filter(({ name }) => name !== metadataTopic);
  requireFewPartitions(allowed, rules);
  const records: MetadataRecord[] = [];
  const taken = namesThatCollide(image);
  const result = allowed.map((topic, index) => {
    const start = image.topics.size + index; // one leader after the other, over topics too
    return createTopic(image, topic, { rules, taken, start }, records);
  });
  result.push(...duplicates.map(duplicateTopic));
  if (unique.length > allowed.length) result.push(metadataTopicRefused);
  return { records: validateOnly ? [] : records, result };
}

const metadataTopicRefused: Refused = {
  name: metadataTopic,
  error: 'INVALID_REQUEST',
  message: `Creation of internal topic ${metadataTopic} is prohibited.`,
};

export const duplicateTopic = (name: string): Refused => ({
  name,
  error: 'INVALID_REQUEST',
  message: 'Duplicate topic name.',
});

function requireFewPartitions(topics: readonly WantedTopic[], rules: TopicRules): void {
  let total = 0;
  for (const { assignments, numPartitions } of topics) {
    if (assignments.length > 0) total += assignments.length;
    else if (numPartitions === -1) total += rules.numPartitions;
    else total += Math.max(0, numPartitions);
  }
  if (total > maxPartitionsPerRequest) {
    throw new KafkaError('POLICY_VIOLATION', 'Excessively large number of partitions per request.');
  }
}

function namesThatCollide(image: MetadataImage): ReadonlyMap<string, string> {
  const taken = new Map<string, string>();
  for (const name of image.topics.keys()) {
    const collision = collisionName(name);
    if (collision !== undefined) taken.set(collision, name);
  }
  return taken;
}

function createTopic(
  image: MetadataImage,
  topic: WantedTopic,
  { rules, taken, start }: { rules: TopicRules; taken: ReadonlyMap<string, string>; start: number },
  records: MetadataRecord[],
): CreatedTopic | Refused {
  try {
    requireFreeName(image, topic.name, taken);
    const configs = configsOf(topic);
    rules.validateConfigs(configs);
    const partitions = partitionsOf(image, topic, rules, start);
    const topicId = rules.newTopicId();
    records.push(topicCreated(topic.name, topicId));
    for (const [name, value] of configs) {
      records.push(configChanged('TOPIC', topic.name, name, value));
    }
    partitions.forEach((partition, index) =>
      records.push(partitionState(topicId, index, partition)),
    );
    return {
      name: topic.name,
      error: 'NONE',
      topicId,
      numPartitions: partitions.length,
      replicationFactor: partitions[0]?.replicas.length ?? 0,
      configs,
    };
  } catch (error) {
    return refused(topic.name, error);
  }
}

function requireFreeName(
  image: MetadataImage,
  name: string,
  taken: ReadonlyMap<string, string>,
): void {
  if (image.topics.has(name)) {
    throw new KafkaError('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`);
  }
  requireTopicName(name);
  const other = taken.get(collisionName(name) ?? name);
  if (other !== undefined) {
    throw new KafkaError(
      'INVALID_TOPIC_EXCEPTION',
      `Topic '${name}' collides with existing topic: ${other}`,
    );
  }
}

function configsOf({ configs }: WantedTopic): Map<string, string> {
  const withoutValue = configs.filter(({ value }) => value === null).map(({ name }) => name);
  if (withoutValue.length > 0) {
    throw new KafkaError(
      'INVALID_CONFIG',
      `Null value not supported for topic configs: ${withoutValue.join(',')}`,
    );
  }
  return new Map(configs.map(({ name, value }) => [name, value ?? '']));
}

function partitionsOf(
  image: MetadataImage,
  topic: WantedTopic,
  rules: TopicRules,
  start: number,
): PartitionImage[] {
  if (topic.assignments.length > 0) return assignedPartitions(image, topic);
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
    throw new KafkaError(
      'INVALID_REPLICATION_FACTOR',
      'Replication factor must be larger than 0, or -1 to use the default value.',
    );
  }
  if (topic.numPartitions < -1 || topic.numPartitions === 0) {
    throw new KafkaError(
      'INVALID_PARTITIONS',
      'Number of partitions was set to an invalid non-positive value.',
    );
  }
  const replicationFactor =
    topic.replicationFactor === -1 ? rules.replicationFactor : topic.replicationFactor;
  return placedPartitions(image, {
    firstPartition: 0,
    partitionCount: topic.numPartitions === -1 ? rules.numPartitions : topic.numPartitions,
    replicationFactor,
    start,
  });
}

/** As `placeReplicas`; the refusal says how many replicas were wanted. */
export function placedPartitions(
  image: MetadataImage,
  request: Parameters<typeof placeReplicas>[1],
): PartitionImage[] {
  const prefix = `Unable to replicate the partition ${request.replicationFactor} time(s): `;
  const allStopping = `${prefix}All brokers are currently fenced or in controlled shutdown.`;
  let placed: number[][];
  try {
    placed = placeReplicas([...image.brokers.values()], request);
  } catch (error) {
    if (error instanceof KafkaError) throw new KafkaError(error.code, prefix + error.message);
    throw error;
  }
  return placed.map((replicas) => {
    const isr = activeOf(image, replicas);
    if (isr.length === 0) throw new KafkaError('INVALID_REPLICATION_FACTOR', allStopping);
    return newPartition(image, replicas, isr);
  });
}

function assignedPartitions(image: MetadataImage, topic: WantedTopic): PartitionImage[] {
  requireDefault('replication factor', topic.replicationFactor);
  requireDefault('numPartitions', topic.numPartitions);
  const partitions = new Map<number, PartitionImage>();
  let replicationFactor: number | undefined;
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (partitions.has(partitionIndex)) {
      refuseAssignment(
        `Found multiple manual partition assignments for partition ${partitionIndex}`,
      );
    }
    requireAssignable(image, brokerIds, replicationFactor);
    replicationFactor = brokerIds.length;
    partitions.set(partitionIndex, assignedPartition(image, partitionIndex, brokerIds));
  }
  return Array.from(partitions, (_, index) => {
    const partition = partitions.get(index);
    return (
      partition ?? refuseAssignment('partitions should be a consecutive 0-based integer sequence')
    );
  });
}

function requireDefault(what: string, value: number): void {
  if (value === -1) return;
  throw new KafkaError(
    'INVALID_REQUEST',
    `A manual partition assignment was specified, but ${what} was not set to -1.`,
  );
}

export function assignedPartition(
  image: MetadataImage,
  partitionIndex: number,
  replicas: readonly number[],
): PartitionImage {
  const isr = activeOf(image, replicas);
  if (isr.length === 0) {
    refuseAssignment(
      `All brokers specified in the manual partition assignment for partition ${partitionIndex} ` +
        'are fenced or in controlled shutdown.',
    );
  }
  return newPartition(image, replicas, isr);
}

/** @param replicationFactor  of the partitions before; undefined for the first one */
export function requireAssignable(
  image: MetadataImage,
  replicas: readonly number[],
  replicationFactor: number | undefined,
): void {
  const includes = 'The manual partition assignment includes';
  if (replicas.length === 0) refuseAssignment(`${includes} an empty replica list.`);
  const sorted = [...replicas].sort((a, b) => a - b);
  sorted.forEach((broker, index) => {
    if (!image.brokers.has(broker)) {
      refuseAssignment(`${includes} broker ${broker}, but no such broker is registered.`);
    }
    if (broker === sorted[index - 1]) {
      refuseAssignment(`${includes} the broker ${broker} more than once.`);
    }
  });
  if (replicationFactor === undefined || replicas.length === replicationFactor) return;
  refuseAssignment(
    `${includes} a partition with ${replicas.length} replica(s), but this is not consistent ` +
      `with previous partitions, which have ${replicationFactor} replica(s).`,
  );
}

export function refuseAssignment(message: string): never {
  throw new KafkaError('INVALID_REPLICA_ASSIGNMENT', message);
}

function newPartition(
  image: MetadataImage,
  replicas: readonly number[],
  isr: readonly number[],
): PartitionImage {
  return {
    replicas,
    isr,
    addingReplicas: [],
    removingReplicas: [],
    directories: replicas.map((broker) => defaultDirectory(image, broker)),
    leader: isr[0] ?? -1,
    leaderEpoch: 0,
    partitionEpoch: 0,
  };
}

/** The broker's directory when it has just one; otherwise it chooses itself. */
function defaultDirectory(image: MetadataImage, brokerId: number): Uuid {
  const directories = image.brokers.get(brokerId)?.directories ?? [];
  return directories.length === 1 ? (directories[0] ?? unassignedDirectory) : unassignedDirectory;
}

const activeOf = (image: MetadataImage, replicas: readonly number[]): number[] =>
  replicas.filter((broker) => isActive(image.brokers.get(broker)));

export function refused(name: string, error: unknown): Refused {
  if (!(error instanceof KafkaError) || error.code === 'NONE') throw error;
  const isWordless = error.message === error.code;
  return { name, error: error.code, message: isWordless ? null : error.message };
}

/** The items whose key occurs once, and the keys that occur more often, each once. */
export function splitDuplicates<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): { unique: T[]; duplicates: string[] } {
  const seen = new Set<string>();
  const duplicates = new Set<string>();
  for (const item of items) {
    const key = keyOf(item);
    if (seen.has(key)) duplicates.add(key);
    seen.add(key);
  }
  return {
    unique: items.filter((item) => !duplicates.has(keyOf(item))),
    duplicates: [...duplicates],
  };
}
