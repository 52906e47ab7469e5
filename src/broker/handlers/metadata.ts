import { encodeInto } from '../../protocol/codec.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { metadata } from '../../protocol/messages/metadata.ts';
import type { MetadataRequest, MetadataResponse } from '../../protocol/messages/metadata.ts';
import { zeroUuid } from '../../protocol/uuid.ts';
import {
  clusterOperations,
  controllerId,
  endpointOf,
  noOperations,
  offlineReplicas,
  topicOperations,
  visibleLeader,
} from '../catalog/cluster-view.ts';
import type { MetadataImage, PartitionImage, TopicImage } from '../catalog/image.ts';
import { invalidTopicName, isInternalTopic } from '../catalog/topic-name.ts';
import type { TopicCreation } from '../catalog/topic-creation.ts';
import { defineHandler } from '../handler.ts';
import type { RequestContext } from '../handler.ts';
import { EncodedAnswers } from './encoded-answers.ts';

type TopicAnswer = MetadataResponse['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];
type BrokerAnswer = MetadataResponse['brokers'][number];

/**
 * Metadata (key 3). A topic that is made because somebody asks for it is answered with its leaders
 * at once; Kafka would say UNKNOWN_TOPIC_OR_PARTITION first and let the client ask again.
 *
 * Many clients ask for the same again and again: they get the same bytes until the image changes.
 *
 * @param autoCreateTopics  `auto.create.topics.enable`
 */
export const metadataHandler = (creation: TopicCreation, autoCreateTopics: () => boolean) => {
  const encoded = new EncodedAnswers();
  return defineHandler(metadata, {
    answer(request, context) {
      const wanted = wantedTopics(request, context.apiVersion);
      if (wanted.kind === 'names' && request.allowAutoTopicCreation && autoCreateTopics()) {
        const missing = missingNames(wanted.names, context.image);
        if (missing.length > 0) {
          return creation.ensure(missing).then(() => answerFrom(encoded, wanted, request, context));
        }
      }
      return answerFrom(encoded, wanted, request, context);
    },
    refuse: (errorCode, _message, { topics }) => ({
      brokers: [],
      topics: (topics ?? []).map(({ name, topicId }) => ({
        errorCode,
        name: name ?? '',
        topicId,
        partitions: [],
      })),
      errorCode,
    }),
  });
};

/** All topics, topics by name, or topics by id. */
type Wanted =
  | { readonly kind: 'all' }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'ids'; readonly ids: readonly string[] };

function wantedTopics({ topics }: MetadataRequest, version: number): Wanted {
  if (topics === null || (version === 0 && topics.length === 0)) return { kind: 'all' };
  const names = new Set<string>();
  const ids = new Set<string>();
  for (const topic of topics) {
    if (version < 12) requireNameOnly(topic, version);
    names.add(topic.name ?? '');
    if (topic.topicId !== zeroUuid) ids.add(topic.topicId);
  }
  return ids.size > 0 ? { kind: 'ids', ids: [...ids] } : { kind: 'names', names: [...names] };
}

function missingNames(names: readonly string[], { topics }: MetadataImage): string[] {
  const missing: string[] = [];
  for (const name of names) if (!topics.has(name)) missing.push(name);
  return missing;
}

/** Versions 10 and 11 have room for an id, but no broker ever understood it there. */
function requireNameOnly(topic: { name: string | null; topicId: string }, version: number): void {
  if (topic.name === null) {
    throw new KafkaError('INVALID_REQUEST', `Topic name can not be null for version ${version}`);
  }
  if (topic.topicId !== zeroUuid) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `Topic IDs are not supported in requests for version ${version}`,
    );
  }
}

/** From the newest image, with what was just made. */
function answerFrom(
  encoded: EncodedAnswers,
  wanted: Wanted,
  request: MetadataRequest,
  { apiVersion, image, listener, nodeId }: RequestContext,
): Buffer {
  const ofTopics = request.includeTopicAuthorizedOperations;
  const ofCluster = request.includeClusterAuthorizedOperations;
  const key = `${apiVersion} ${listener} ${ofTopics} ${ofCluster} ${JSON.stringify(wanted)}`;
  const known = encoded.find(image, key);
  if (known !== undefined) return known;
  const topics = answerTopics(wanted, image, listener, kindOf(apiVersion));
  const answer = {
    brokers: answerBrokers(image, listener),
    clusterId: image.clusterId,
    controllerId: controllerId(image, nodeId),
    topics: ofTopics ? topics.map(withOperations) : topics,
    clusterAuthorizedOperations: ofCluster ? clusterOperations : noOperations,
  };
  return encoded.add(key, (writer) => encodeInto(writer, metadata.response, apiVersion, answer));
}

function answerTopics(
  wanted: Wanted,
  image: MetadataImage,
  listener: string,
  kind: VersionKind,
): TopicAnswer[] {
  const answer = (topic: TopicImage): TopicAnswer => answerTopic(image, topic, listener, kind);
  switch (wanted.kind) {
    case 'all':
      return Array.from(image.topics.values(), answer);
    case 'names':
      return wanted.names.map((name) => {
        const topic = image.topics.get(name);
        return topic === undefined ? unknownName(name) : answer(topic);
      });
    case 'ids':
      return wanted.ids.map((id) => {
        const topic = image.topicsById.get(id);
        return topic === undefined ? unknownId(id) : answer(topic);
      });
  }
}

const answerTopic = (
  image: MetadataImage,
  topic: TopicImage,
  listener: string,
  kind: VersionKind,
): TopicAnswer => ({
  errorCode: errorCodes.NONE,
  name: topic.name,
  topicId: topic.id,
  isInternal: isInternalTopic(topic.name),
  partitions: topic.partitions.map((partition, index) =>
    answerPartition(image, partition, index, listener, kind),
  ),
});

/** Live brokers that have the listener. */
function answerBrokers({ brokers }: MetadataImage, listener: string): BrokerAnswer[] {
  const answer: BrokerAnswer[] = [];
  for (const broker of brokers.values()) {
    const endpoint = broker.fenced ? undefined : endpointOf(broker, listener);
    if (endpoint === undefined) continue;
    const { host, port } = endpoint;
    answer.push({ nodeId: broker.id, host, port, rack: broker.rack });
  }
  return answer;
}

function unknownName(name: string): TopicAnswer {
  const isInvalid = invalidTopicName(name) !== undefined;
  return {
    errorCode: isInvalid
      ? errorCodes.INVALID_TOPIC_EXCEPTION
      : errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    name,
    isInternal: isInternalTopic(name),
    partitions: [],
  };
}

const unknownId = (topicId: string): TopicAnswer => ({
  errorCode: errorCodes.UNKNOWN_TOPIC_ID,
  name: null,
  topicId,
  partitions: [],
});

/** Of names that are not there too, but not of ids. */
const withOperations = (topic: TopicAnswer): TopicAnswer => ({
  ...topic,
  topicAuthorizedOperations: topic.name === null ? noOperations : topicOperations,
});

/** What differs between versions: 0 leaves dead replicas out, 6 knows LISTENER_NOT_FOUND. */
type VersionKind = 'v0' | 'v1 to v5' | 'v6 on';

const kindOf = (version: number): VersionKind =>
  version === 0 ? 'v0' : version < 6 ? 'v1 to v5' : 'v6 on';

function answerPartition(
  image: MetadataImage,
  partition: PartitionImage,
  partitionIndex: number,
  listener: string,
  kind: VersionKind,
): PartitionAnswer {
  const leader = visibleLeader(image, partition, listener);
  const visible = (ids: readonly number[]): readonly number[] =>
    kind === 'v0' ? ids.filter((id) => isReachable(image, id, listener)) : ids;
  const replicaNodes = visible(partition.replicas);
  const isrNodes = visible(partition.isr);
  const isWhole =
    replicaNodes.length === partition.replicas.length && isrNodes.length === partition.isr.length;
  return {
    errorCode:
      leader === undefined
        ? noLeaderError(image, partition, kind)
        : isWhole
          ? errorCodes.NONE
          : errorCodes.REPLICA_NOT_AVAILABLE,
    partitionIndex,
    leaderId: leader ?? -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes,
    isrNodes,
    offlineReplicas: offlineReplicas(image, partition, listener),
  };
}

function noLeaderError(image: MetadataImage, partition: PartitionImage, kind: VersionKind): number {
  return kind === 'v6 on' && image.brokers.has(partition.leader)
    ? errorCodes.LISTENER_NOT_FOUND
    : errorCodes.LEADER_NOT_AVAILABLE;
}

function isReachable(image: MetadataImage, id: number, listener: string): boolean {
  const broker = image.brokers.get(id);
  return broker?.fenced === false && endpointOf(broker, listener) !== undefined;
}
