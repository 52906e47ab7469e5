import { describe, expect, it, test } from '@jest/globals';
import {
  decideBrokersJoin,
  decideBrokerStopped,
} from '../../../../src/broker/catalog/decide-brokers.ts';
import { TopicCreation } from '../../../../src/broker/catalog/topic-creation.ts';
import type { MemoryCatalog } from '../../../../src/broker/catalog/memory-catalog.ts';
import { metadataHandler } from '../../../../src/broker/handlers/metadata.ts';
import type { RequestContext } from '../../../../src/broker/handler.ts';
import { decode, encode } from '../../../../src/protocol/codec.ts';
import { errorCodes, errorName } from '../../../../src/protocol/error-codes.ts';
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

describe('the same question', () => {
  const bytesOf = async (
    { handler, catalog }: { handler: ReturnType<typeof handlerOf>; catalog: MemoryCatalog },
    request: Request,
    { version = 13, ...context }: Settings = {},
  ): Promise<Buffer> => {
    const asked = encode(metadata.request, version, { topics: null, ...request });
    const received = decode(metadata.request, version, asked);
    const bytes = await handler.answer(received, contextOf(catalog, version, context));
    if (!Buffer.isBuffer(bytes)) throw new Error('not encoded');
    return bytes;
  };

  async function serving(brokers = 2) {
    const catalog = await withTopics(brokers, 'a', 'b', '__consumer_offsets');
    return { catalog, handler: handlerOf(catalog, false) };
  }

  /** All that a version can ask. */
  function questions(catalog: MemoryCatalog, version: number): Request[] {
    const ids = ['a', 'b'].map((name) => catalog.image.topics.get(name)!.id);
    const byId = [...ids, uuidSource(77)()].map((topicId) => ({ topicId, name: null }));
    const topics: Request[] = [
      { topics: version === 0 ? [] : null },
      named('a'),
      named('b', 'a'),
      named('a', 'unknown', 'in valid'),
      ...(version === 0 ? [] : [named()]),
      ...(version >= 12 ? [{ topics: byId.slice(0, 1) }, { topics: byId }] : []),
    ];
    const some = [false, true];
    return topics.flatMap((one) =>
      (version >= 8 ? some : [false]).flatMap((includeTopicAuthorizedOperations) =>
        (version >= 8 && version <= 10 ? some : [false]).map(
          (includeClusterAuthorizedOperations) => ({
            ...one,
            includeTopicAuthorizedOperations,
            includeClusterAuthorizedOperations,
          }),
        ),
      ),
    );
  }

  test.each(versionsOf(metadata))('v%d: gets the same bytes', async (version) => {
    const broker = await serving();
    const listeners = ['PLAINTEXT', 'OTHER'];
    const askAll = (): Promise<Buffer[]> =>
      Promise.all(
        questions(broker.catalog, version).flatMap((request) =>
          listeners.map((listener) => bytesOf(broker, request, { version, listener })),
        ),
      );
    const first = await askAll();
    for (const [at, bytes] of (await askAll()).entries()) {
      expect(bytes).toBe(first[at]);
      const response = decode(metadata.response, version, bytes);
      expect(encode(metadata.response, version, response)).toEqual(bytes);
    }
    broker.handler = handlerOf(broker.catalog, false);
    expect(await askAll()).toEqual(first);
    for (let at = 0; at < first.length; at += listeners.length) {
      expect(first[at]).not.toEqual(first[at + 1]);
    }
  });

  it('gets other bytes in another version', async () => {
    const broker = await serving();
    for (const version of versionsOf(metadata)) {
      const bytes = await bytesOf(broker, named('a'), { version });
      const fresh = { ...broker, handler: handlerOf(broker.catalog, false) };
      expect(bytes).toEqual(await bytesOf(fresh, named('a'), { version }));
    }
  });

  it.each<[string, (catalog: MemoryCatalog) => Promise<unknown>]>([
    ['a new topic', (catalog) => createTopic(catalog, 'new')],
    [
      'a broker that joins',
      (catalog) => catalog.transact((image) => decideBrokersJoin(image, [registration(3)])),
    ],
    [
      'a broker that stops, and its partitions led by another',
      (catalog) => catalog.transact((image) => decideBrokerStopped(image, 2)),
    ],
    [
      'a topic that is gone',
      (catalog) =>
        catalog.transact((image) => ({
          records: [
            {
              type: 'RemoveTopicRecord',
              version: 0,
              data: { topicId: image.topics.get('b')!.id },
            },
          ],
          result: undefined,
        })),
    ],
  ])('is answered anew after %s', async (_what, change) => {
    const broker = await serving();
    const before = await bytesOf(broker, { topics: null });
    await change(broker.catalog);
    const after = await bytesOf(broker, { topics: null });
    expect(after).not.toEqual(before);
    expect(after).toEqual(
      await bytesOf({ ...broker, handler: handlerOf(broker.catalog, false) }, { topics: null }),
    );
  });

  it('is answered with the leader that follows', async () => {
    const broker = await serving();
    const leaders = async (): Promise<(number | undefined)[]> =>
      decode(metadata.response, 13, await bytesOf(broker, named('a'))).topics.flatMap(
        ({ partitions }) => partitions.map(({ leaderId }) => leaderId),
      );
    expect(await leaders()).toEqual([1, 2]);
    await broker.catalog.transact((image) => decideBrokerStopped(image, 2));
    expect(await leaders()).toEqual([1, 1]);
  });

  it('makes a topic that it was told is unknown, once that is allowed', async () => {
    const catalog = await startedCluster();
    let isAllowed = false;
    const rules = topicRules({ newTopicId: uuidSource(5) });
    const creation = new TopicCreation(catalog, { ...rules, numberOf: () => 1 });
    const broker = { catalog, handler: metadataHandler(creation, () => isAllowed) };
    const error = async (): Promise<number | undefined> =>
      decode(metadata.response, 13, await bytesOf(broker, named('new'))).topics[0]?.errorCode;
    expect(await error()).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    isAllowed = true;
    expect(await error()).toBe(errorCodes.NONE);
  });

  it('is not mixed up with another one that has strange names', async () => {
    const broker = await serving();
    const [one, other] = [named('a,b'), named('a', 'b')];
    for (const request of [one, other, named('a","b'), named('a b')]) {
      const bytes = await bytesOf(broker, request);
      const names = namesIn(decode(metadata.response, 13, bytes));
      expect(names).toEqual(request.topics?.map(({ name }) => name));
    }
  });
});
