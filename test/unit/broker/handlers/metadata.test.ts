import { describe, expect, it, test } from '@jest/globals';
import {
  decideBrokersJoin,
  decideBrokerStopped,
} from '../../../../src/broker/catalog/decide-brokers.ts';
import { TopicCreation } from '../../../../src/broker/catalog/topic-creation.ts';
import type { MemoryCatalog } from '../../../../src/broker/catalog/memory-catalog.ts';
import { metadataHandler } from '../../../../src/broker/handlers/metadata.ts';
import type { RequestContext } from '../../../../src/broker/handler.ts';
import { errorName } from '../../../../src/protocol/error-codes.ts';
import { metadata } from '../../../../src/protocol/messages/metadata.ts';
import type { RequestInput, ResponseOf } from '../../../../src/protocol/schema.ts';
import { zeroUuid } from '../../../../src/protocol/uuid.ts';
import {
  contextOf,
  createTopic,
  exchange,
  registration,
  startedCluster,
  testClusterId,
  topicRules,
  uuidSource,
  versionsOf,
} from '../../../support/test-cluster.ts';
import { answerOf } from '../../../support/answer-of.ts';

type Request = Partial<RequestInput<typeof metadata>>;
interface Settings extends Partial<Omit<RequestContext, 'image'>> {
  readonly version?: number;
  readonly autoCreate?: boolean;
}

function handlerOf(catalog: MemoryCatalog, autoCreate = true): ReturnType<typeof metadataHandler> {
  const rules = topicRules({ numPartitions: 2, newTopicId: uuidSource(5) });
  const creation = new TopicCreation(catalog, { ...rules, numberOf: () => 1 });
  return metadataHandler(creation, () => autoCreate);
}

function ask(
  catalog: MemoryCatalog,
  request: Request,
  { version = 13, autoCreate = true, ...context }: Settings = {},
): Promise<ResponseOf<typeof metadata>> {
  const all = { topics: null, ...request };
  return exchange(handlerOf(catalog, autoCreate), catalog, version, all, context);
}

const named = (...names: string[]): Request => ({ topics: names.map((name) => ({ name })) });
const namesIn = ({ topics }: ResponseOf<typeof metadata>): (string | null)[] =>
  topics.map(({ name }) => name);
const outcomes = ({ topics }: ResponseOf<typeof metadata>): unknown[] =>
  topics.map(({ name, errorCode, partitions }) => [name, errorName(errorCode), partitions.length]);

async function withTopics(brokers: number, ...names: string[]): Promise<MemoryCatalog> {
  const catalog = await startedCluster(brokers);
  for (const name of names) {
    await createTopic(catalog, name, { numPartitions: 2, replicationFactor: brokers });
  }
  return catalog;
}

test.each(versionsOf(metadata))('v%d describes a topic', async (version) => {
  const catalog = await withTopics(2, 't');
  const response = await ask(catalog, named('t'), { version });
  expect(response.brokers.map(({ nodeId, port }) => [nodeId, port])).toEqual([
    [1, 9001],
    [2, 9002],
  ]);
  const [topic] = response.topics;
  expect(topic).toMatchObject({ errorCode: 0, name: 't' });
  expect(topic?.partitions[1]).toMatchObject({
    errorCode: 0,
    partitionIndex: 1,
    leaderId: 2,
    replicaNodes: [2, 1],
    isrNodes: [2, 1],
  });
  if (version >= 1) expect([1, 2]).toContain(response.controllerId);
  if (version >= 2) expect(response.clusterId).toBe(testClusterId);
  if (version >= 7) expect(topic?.partitions[0]?.leaderEpoch).toBe(0);
  if (version >= 10) expect(topic?.topicId).toBe(catalog.image.topics.get('t')?.id);
});

describe('row 16: which topics', () => {
  it('v0: an empty list means all', async () => {
    const catalog = await withTopics(1, 'a', 'b');
    expect(namesIn(await ask(catalog, { topics: [] }, { version: 0 }))).toEqual(['a', 'b']);
  });

  it.each([1, 9, 13])('v%d: null means all, empty means none', async (version) => {
    const catalog = await withTopics(1, 'a', 'b');
    expect(namesIn(await ask(catalog, { topics: null }, { version }))).toEqual(['a', 'b']);
    const none = await ask(catalog, { topics: [] }, { version });
    expect(none.topics).toEqual([]);
    expect(none.brokers).toHaveLength(1);
  });

  it('a topic asked for twice is told once', async () => {
    expect(namesIn(await ask(await withTopics(1, 'a'), named('a', 'a')))).toEqual(['a']);
  });
});

describe('row 17: auto-creation', () => {
  it('answers with the leaders in the same response', async () => {
    const catalog = await startedCluster();
    const response = await ask(catalog, named('new'));
    expect(response.topics[0]).toMatchObject({ name: 'new', errorCode: 0 });
    expect(response.topics[0]?.partitions.map(({ leaderId }) => leaderId)).toEqual([1, 1]);
  });

  it('not when the client does not want it', async () => {
    const catalog = await startedCluster();
    const request = { ...named('new'), allowAutoTopicCreation: false };
    expect(outcomes(await ask(catalog, request))).toEqual([
      ['new', 'UNKNOWN_TOPIC_OR_PARTITION', 0],
    ]);
    expect(catalog.image.topics.size).toBe(0);
  });

  it('before v4 every client wants it', async () => {
    const catalog = await startedCluster();
    expect(outcomes(await ask(catalog, named('new'), { version: 3 }))).toEqual([
      ['new', 'NONE', 2],
    ]);
  });

  it('not when auto.create.topics.enable is off', async () => {
    const catalog = await startedCluster();
    const response = await ask(catalog, named('new'), { autoCreate: false });
    expect(outcomes(response)).toEqual([['new', 'UNKNOWN_TOPIC_OR_PARTITION', 0]]);
  });

  it('of what many ask for at once happens once', async () => {
    const catalog = await startedCluster();
    const responses = await Promise.all([1, 2, 3].map(() => ask(catalog, named('new'))));
    expect(new Set(responses.map(({ topics }) => topics[0]?.topicId)).size).toBe(1);
  });
});

it('row 18: an invalid name is told as such', async () => {
  const catalog = await startedCluster();
  for (const autoCreate of [true, false]) {
    expect(outcomes(await ask(catalog, named('a b', 'ok'), { autoCreate }))).toEqual([
      ['a b', 'INVALID_TOPIC_EXCEPTION', 0],
      autoCreate ? ['ok', 'NONE', 2] : ['ok', 'UNKNOWN_TOPIC_OR_PARTITION', 0],
    ]);
    if (autoCreate) {
      const topicId = catalog.image.topics.get('ok')!.id;
      await catalog.transact(() => ({
        records: [{ type: 'RemoveTopicRecord', version: 0, data: { topicId } }],
        result: undefined,
      }));
    }
  }
});

it('row 19: internal topics are marked', async () => {
  const catalog = await startedCluster();
  const { topics } = await ask(catalog, named('__consumer_offsets', 'plain'));
  expect(topics.map(({ name, isInternal }) => [name, isInternal])).toEqual([
    ['__consumer_offsets', true],
    ['plain', false],
  ]);
});

describe('row 21: topics by id', () => {
  it('v12 on: known and unknown', async () => {
    const catalog = await withTopics(1, 't');
    const known = catalog.image.topics.get('t')!.id;
    const unknown = uuidSource(77)();
    const topics = [known, unknown].map((topicId) => ({ topicId, name: null }));
    const response = await ask(catalog, { topics }, { version: 12 });
    expect(outcomes(response)).toEqual([
      ['t', 'NONE', 2],
      [null, 'UNKNOWN_TOPIC_ID', 0],
    ]);
    expect(response.topics[1]?.topicId).toBe(unknown);
  });

  it.each([10, 11])('v%d has room for one, but refuses it', async (version) => {
    const catalog = await withTopics(1, 't');
    const topicId = catalog.image.topics.get('t')!.id;
    const withId = await ask(catalog, { topics: [{ topicId, name: 't' }] }, { version });
    expect(outcomes(withId)).toEqual([['t', 'INVALID_REQUEST', 0]]);
    const nameless = { topics: [{ topicId: zeroUuid, name: null }] };
    expect(outcomes(await ask(catalog, nameless, { version }))).toEqual([
      ['', 'INVALID_REQUEST', 0],
    ]);
  });

  it('v13 tells the refusal of a request at its top too', async () => {
    const handler = handlerOf(await startedCluster());
    const context = contextOf(await startedCluster(), 13);
    const request = {
      topics: [],
      allowAutoTopicCreation: true,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    };
    expect(handler.refuse(41, '', request, context).errorCode).toBe(41);
  });
});

describe('row 22: authorized operations', () => {
  it('of topics, when asked for, from v8 on', async () => {
    const catalog = await withTopics(1, 't');
    const asked = { ...named('t'), includeTopicAuthorizedOperations: true };
    const response = await ask(catalog, asked, { version: 8 });
    expect(response.topics[0]?.topicAuthorizedOperations).toBe(3576);
    const unasked = await ask(catalog, named('t'), { version: 8 });
    expect(unasked.topics[0]?.topicAuthorizedOperations).toBe(-2147483648);
  });

  it.each([8, 9, 10])('of the cluster, when asked for, in v%d', async (version) => {
    const catalog = await startedCluster();
    const asked = { ...named(), includeClusterAuthorizedOperations: true };
    expect((await ask(catalog, asked, { version })).clusterAuthorizedOperations).toBe(8096);
    expect((await ask(catalog, named(), { version })).clusterAuthorizedOperations).toBe(
      -2147483648,
    );
  });
});

describe('row 23: the controller', () => {
  it('is a broker that is alive: the one that answers, if it can', async () => {
    const catalog = await startedCluster(3);
    expect((await ask(catalog, named(), { nodeId: 2 })).controllerId).toBe(2);
    await catalog.transact((image) => decideBrokerStopped(image, 2));
    expect((await ask(catalog, named(), { nodeId: 2 })).controllerId).toBe(1);
  });

  it('is nobody when nobody is alive', async () => {
    const catalog = await startedCluster();
    await catalog.transact((image) => decideBrokerStopped(image, 1));
    const response = await ask(catalog, named());
    expect(response).toMatchObject({ controllerId: -1, brokers: [] });
  });
});

describe('row 24: partitions whose leader cannot be told', () => {
  const first = (response: ResponseOf<typeof metadata>): unknown =>
    response.topics[0]?.partitions[0];

  it('are listed without a leader', async () => {
    const catalog = await withTopics(2, 't');
    await catalog.transact((image) => decideBrokerStopped(image, [1, 2]));
    expect(first(await ask(catalog, named('t')))).toMatchObject({
      errorCode: 5,
      leaderId: -1,
      leaderEpoch: 1,
      replicaNodes: [1, 2],
      isrNodes: [1, 2],
      offlineReplicas: [1, 2],
    });
  });

  it('v5 on: replicas that are down are told offline', async () => {
    const catalog = await withTopics(2, 't');
    await catalog.transact((image) => decideBrokerStopped(image, 2));
    const expected = { errorCode: 0, replicaNodes: [1, 2], isrNodes: [1] };
    expect(first(await ask(catalog, named('t'), { version: 5 }))).toMatchObject({
      ...expected,
      offlineReplicas: [2],
    });
    expect(first(await ask(catalog, named('t'), { version: 1 }))).toMatchObject(expected);
  });

  it('v0 leaves replicas out that are down, and says so', async () => {
    const catalog = await withTopics(2, 't');
    await catalog.transact((image) => decideBrokerStopped(image, 2));
    expect(first(await ask(catalog, named('t'), { version: 0 }))).toMatchObject({
      errorCode: 9,
      leaderId: 1,
      replicaNodes: [1],
    });
  });

  it('v6 on: a leader without the listener is told apart', async () => {
    const catalog = await withTopics(1, 't');
    const settings = { listener: 'OTHER' };
    const before = await ask(catalog, named('t'), { ...settings, version: 5 });
    expect(first(before)).toMatchObject({ errorCode: 5, leaderId: -1 });
    const from = await ask(catalog, named('t'), { ...settings, version: 6 });
    expect(first(from)).toMatchObject({ errorCode: 72, leaderId: -1, offlineReplicas: [1] });
    expect(from.brokers).toEqual([]);
  });
});

it('row 15: endpoints are those of the listener that the request came in on', async () => {
  const catalog = await startedCluster();
  const endpoints = [
    { listener: 'PLAINTEXT', host: 'inside', port: 1, securityProtocol: 0 },
    { listener: 'OUTSIDE', host: 'outside', port: 2, securityProtocol: 0 },
  ];
  await catalog.transact((image) =>
    decideBrokersJoin(image, [registration(1, { endpoints, rack: 'r' })]),
  );
  const inside = await ask(catalog, named());
  const outside = await ask(catalog, named(), { listener: 'OUTSIDE' });
  expect(inside.brokers).toEqual([{ nodeId: 1, host: 'inside', port: 1, rack: 'r' }]);
  expect(outside.brokers).toEqual([{ nodeId: 1, host: 'outside', port: 2, rack: 'r' }]);
});

it('answers are made once for as long as nothing changes', async () => {
  const catalog = await withTopics(2, 'a', 'b');
  const handler = handlerOf(catalog);
  const request = {
    topics: null,
    allowAutoTopicCreation: true,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  };
  const answer = async (): Promise<readonly unknown[]> =>
    (await answerOf(handler, request, contextOf(catalog, 13)))!.topics;
  const [first, second] = [await answer(), await answer()];
  expect(second[0]).toBe(first[0]);
  await createTopic(catalog, 'c');
  expect((await answer())[0]).toBe(first[0]);
  await catalog.transact((image) => decideBrokerStopped(image, 2));
  expect((await answer())[0]).not.toBe(first[0]);
});
