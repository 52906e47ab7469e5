import type { Catalog } from '../../src/broker/catalog/catalog.ts';
import { decideBrokersJoin } from '../../src/broker/catalog/decide-brokers.ts';
import type { BrokerRegistration } from '../../src/broker/catalog/decide-brokers.ts';
import { decideCreateTopics } from '../../src/broker/catalog/decide-topics.ts';
import type { TopicRules, WantedTopic } from '../../src/broker/catalog/decide-topics.ts';
import type { MetadataImage } from '../../src/broker/catalog/image.ts';
import { MemoryCatalog } from '../../src/broker/catalog/memory-catalog.ts';
import type { Handler, RequestContext } from '../../src/broker/handler.ts';
import { decode, encode } from '../../src/protocol/codec.ts';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { KafkaError } from '../../src/protocol/kafka-error.ts';
import type { AnyApi, RequestInput, ResponseOf } from '../../src/protocol/schema.ts';
import { randomUuid } from '../../src/protocol/uuid.ts';
import type { Uuid } from '../../src/protocol/uuid.ts';
import { answerOf } from './answer-of.ts';
import { SeededRandom } from './seeded-random.ts';

export const testClusterId = 'Fgl5Me8RTTCqMd1b25jsDQ';

/** Ids that differ and repeat with every run. */
export function uuidSource(seed = 1): () => Uuid {
  const random = new SeededRandom(seed);
  return () => randomUuid(() => random.bytes16());
}

/** A broker on 127.0.0.1, port 9000 + its id, with one directory. */
export function registration(
  brokerId: number,
  more: Partial<BrokerRegistration> = {},
): BrokerRegistration {
  const newUuid = uuidSource(brokerId);
  return {
    brokerId,
    incarnationId: newUuid(),
    endpoints: [
      { listener: 'PLAINTEXT', host: '127.0.0.1', port: 9000 + brokerId, securityProtocol: 0 },
    ],
    rack: null,
    directories: [newUuid()],
    ...more,
  };
}

/** A catalog in memory in which brokers 1 to `brokers` serve. */
export async function startedCluster(brokers = 1): Promise<MemoryCatalog> {
  const catalog = new MemoryCatalog(testClusterId);
  const registrations = Array.from({ length: brokers }, (_, index) => registration(index + 1));
  await catalog.transact((image) => decideBrokersJoin(image, registrations));
  return catalog;
}

export function topicRules(more: Partial<TopicRules> = {}): TopicRules {
  return {
    numPartitions: 1,
    replicationFactor: 1,
    validateConfigs: () => undefined,
    newTopicId: uuidSource(7),
    ...more,
  };
}

export function wantedTopic(name: string, more: Partial<WantedTopic> = {}): WantedTopic {
  return {
    name,
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [],
    configs: [],
    ...more,
  };
}

const nextTopicId = uuidSource(42);

/** Creates a topic or fails. */
export async function createTopic(
  catalog: Catalog,
  name: string,
  more: Partial<WantedTopic> = {},
): Promise<void> {
  const rules = topicRules({ newTopicId: nextTopicId });
  const [outcome] = await catalog.transact((image) =>
    decideCreateTopics(image, [wantedTopic(name, more)], rules),
  );
  if (outcome?.error !== 'NONE') throw new Error(JSON.stringify(outcome));
}

/** What a handler knows of a request; `image` stays the catalog's newest. */
export function contextOf(
  catalog: { readonly image: MetadataImage },
  apiVersion: number,
  more: Partial<Omit<RequestContext, 'image'>> = {},
): RequestContext {
  return {
    clientId: 'test',
    clientHost: '127.0.0.1',
    principal: 'User:ANONYMOUS',
    listener: 'PLAINTEXT',
    nodeId: 1,
    appendTurn: undefined,
    caller: { isGone: false, waitsFor: undefined },
    releaseRequest: () => undefined,
    forgetRequest: () => undefined,
    settle: () => undefined,
    fail: () => undefined,
    ...more,
    apiVersion,
    get image() {
      return catalog.image;
    },
  };
}

/** A request through a handler as it travels: encoded and decoded both ways, refusals answered. */
export async function exchange<A extends AnyApi>(
  handler: Handler<A>,
  catalog: { readonly image: MetadataImage },
  version: number,
  request: RequestInput<A>,
  more: Partial<Omit<RequestContext, 'image'>> = {},
): Promise<ResponseOf<A>> {
  const { api } = handler;
  const context = contextOf(catalog, version, more);
  const received = decode(api.request, version, encode(api.request, version, request));
  let response;
  try {
    response = await answerOf(handler, received, context);
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    response = handler.refuse(errorCodes[error.code], error.message, received, context);
  }
  if (response === undefined) throw new Error('no response');
  return decode(api.response, version, encode(api.response, version, response));
}

/** All versions an API is served in. */
export function versionsOf({ versions: [lowest, highest] }: AnyApi): number[] {
  return Array.from({ length: highest - lowest + 1 }, (_, index) => lowest + index);
}
