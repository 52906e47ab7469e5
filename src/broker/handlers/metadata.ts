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

type TopicAnswer = MetadataResponse['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];
type BrokerAnswer = MetadataResponse['brokers'][number];

/**
 * Metadata (key 3). A topic that is made because somebody asks for it is answered with its leaders
 * at once; Kafka would say UNKNOWN_TOPIC_OR_PARTITION first and let the client ask again.
 *
 * @param autoCreateTopics  `auto.create.topics.enable`
 */
export const metadataHandler = (creation: TopicCreation, autoCreateTopics: () => boolean) => {
  const view = new ListenerView();
  return defineHandler(metadata, {
    async answer(request, context) {
      const wanted = wantedTopics(request, context.apiVersion);
      if (wanted.kind === 'names' && request.allowAutoTopicCreation && autoCreateTopics()) {
        const missing = wanted.names.filter((name) => !context.image.topics.has(name));
        if (missing.length > 0) await creation.ensure(missing);
      }
      const { image } = context; // the newest one, with what was just made
      const topics = answerTopics(view, wanted, image, context);
      return {
        brokers: view.brokers(image, context.listener),
        clusterId: image.clusterId,
        controllerId: controllerId(image, context.nodeId),
        topics: request.includeTopicAuthorizedOperations ? topics.map(withOperations) : topics,
        ...(request.includeClusterAuthorizedOperations && {
          clusterAuthorizedOperations: clusterOperations,
        }),
      };
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
  if (version < 12) topics.forEach((topic) => requireNameOnly(topic, version));
  const ids = topics.map(({ topicId }) => topicId).filter((id) => id !== zeroUuid);
  if (ids.length > 0) return { kind: 'ids', ids: [...new Set(ids)] };
  return { kind: 'names', names: [...new Set(topics.map(({ name }) => name ?? ''))] };
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

function answerTopics(
  view: ListenerView,
  wanted: Wanted,
  image: MetadataImage,
  { listener, apiVersion }: RequestContext,
): TopicAnswer[] {
  const answer = (topic: TopicImage): TopicAnswer => view.topic(image, topic, listener, apiVersion);
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

interface CachedTopic {
  /** Of the image that the answer was made from. */
  readonly brokers: MetadataImage['brokers'];
  readonly answer: TopicAnswer;
}

/** Answers, kept as long as the topic and the brokers stay the same. */
class ListenerView {
  readonly #topics = new WeakMap<TopicImage, Map<string, CachedTopic>>();
  readonly #brokers = new WeakMap<MetadataImage['brokers'], Map<string, BrokerAnswer[]>>();

  topic(image: MetadataImage, topic: TopicImage, listener: string, version: number): TopicAnswer {
    const kind = kindOf(version);
    let byKey = this.#topics.get(topic);
    if (byKey === undefined) {
      byKey = new Map<string, CachedTopic>();
      this.#topics.set(topic, byKey);
    }
    const key = `${kind} ${listener}`;
    const cached = byKey.get(key);
    if (cached?.brokers === image.brokers) return cached.answer;
    const answer: TopicAnswer = {
      errorCode: errorCodes.NONE,
      name: topic.name,
      topicId: topic.id,
      isInternal: isInternalTopic(topic.name),
      partitions: topic.partitions.map((partition, index) =>
        answerPartition(image, partition, index, listener, kind),
      ),
    };
    byKey.set(key, { brokers: image.brokers, answer });
    return answer;
  }

  /** Live brokers that have the listener. */
  brokers({ brokers }: MetadataImage, listener: string): BrokerAnswer[] {
    let byListener = this.#brokers.get(brokers);
    if (byListener === undefined) {
      byListener = new Map<string, BrokerAnswer[]>();
      this.#brokers.set(brokers, byListener);
    }
    const cached = byListener.get(listener);
    if (cached !== undefined) return cached;
    const answer: BrokerAnswer[] = [];
    for (const broker of brokers.values()) {
      const endpoint = broker.fenced ? undefined : endpointOf(broker, listener);
      if (endpoint === undefined) continue;
      const { host, port } = endpoint;
      answer.push({ nodeId: broker.id, host, port, rack: broker.rack });
    }
    byListener.set(listener, answer);
    return answer;
  }
}

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
