import { describe, expect, it } from '@jest/globals';
import type { MemoryCatalog } from '../../../../src/broker/catalog/memory-catalog.ts';
import { topicRemoved } from '../../../../src/broker/catalog/metadata-record.ts';
import { describeTopicPartitionsHandler } from '../../../../src/broker/handlers/describe-topic-partitions.ts';
import { errorName } from '../../../../src/protocol/error-codes.ts';
import type { describeTopicPartitions } from '../../../../src/protocol/messages/describe-topic-partitions.ts';
import type { RequestInput, ResponseOf } from '../../../../src/protocol/schema.ts';
import { createTopic, exchange, startedCluster } from '../../../support/test-cluster.ts';

type Response = ResponseOf<typeof describeTopicPartitions>;

async function withTopics(...names: string[]): Promise<MemoryCatalog> {
  const catalog = await startedCluster(2);
  for (const name of names) {
    await createTopic(catalog, name, { numPartitions: 3, replicationFactor: 2 });
  }
  return catalog;
}

function ask(
  catalog: MemoryCatalog,
  {
    names = [],
    ...more
  }: Partial<RequestInput<typeof describeTopicPartitions>> & { names?: string[] },
  limit = 2000,
): Promise<Response> {
  const handler = describeTopicPartitionsHandler(() => limit);
  return exchange(handler, catalog, 0, { topics: names.map((name) => ({ name })), ...more });
}

/** `name:partitions` of what is on the page, then where the next begins. */
function page({ topics, nextCursor }: Response): string[] {
  const told = topics.map(
    ({ name, partitions }) => `${name}:${partitions.map((p) => p.partitionIndex).join('')}`,
  );
  return nextCursor === null
    ? told
    : [...told, `next ${nextCursor.topicName}:${nextCursor.partitionIndex}`];
}

it('tells leaders, replicas and, as Kafka does, empty lists of eligible replicas', async () => {
  const { topics } = await ask(await withTopics('t'), { names: ['t'] });
  expect(topics[0]).toMatchObject({
    name: 't',
    isInternal: false,
    topicAuthorizedOperations: 3576,
  });
  expect(topics[0]?.partitions[1]).toEqual({
    errorCode: 0,
    partitionIndex: 1,
    leaderId: 2,
    leaderEpoch: 0,
    replicaNodes: [2, 1],
    isrNodes: [2, 1],
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
    offlineReplicas: [],
  });
});

describe('row 43', () => {
  it('topics come in the order of their names', async () => {
    const catalog = await withTopics('b', 'a', 'C');
    expect(page(await ask(catalog, {}))).toEqual(['C:012', 'a:012', 'b:012']);
    expect(page(await ask(catalog, { names: ['b', 'a'] }))).toEqual(['a:012', 'b:012']);
  });

  it('a page holds as many partitions as asked for, and the cursor resumes inclusively', async () => {
    const catalog = await withTopics('a', 'b');
    expect(page(await ask(catalog, { responsePartitionLimit: 4 }))).toEqual([
      'a:012',
      'b:0',
      'next b:1',
    ]);
    const cursor = { topicName: 'b', partitionIndex: 1 };
    expect(page(await ask(catalog, { cursor }))).toEqual(['b:12']);
  });

  it('a page that ends with a topic points to the next one', async () => {
    const catalog = await withTopics('a', 'b');
    const request = { responsePartitionLimit: 3 };
    expect(page(await ask(catalog, request))).toEqual(['a:012', 'next b:0']);
  });

  it('the broker has a limit of its own, and one partition is always told', async () => {
    const catalog = await withTopics('a');
    expect(page(await ask(catalog, {}, 2))).toEqual(['a:01', 'next a:2']);
    expect(page(await ask(catalog, { responsePartitionLimit: 0 }))).toEqual(['a:0', 'next a:1']);
  });

  it('all topics: a cursor topic that was deleted is passed over', async () => {
    const catalog = await withTopics('a', 'b', 'c');
    const { id } = catalog.image.topics.get('b')!;
    await catalog.transact(() => ({ records: [topicRemoved(id)], result: undefined }));
    const cursor = { topicName: 'b', partitionIndex: 2 };
    expect(page(await ask(catalog, { cursor }))).toEqual(['c:012']);
  });

  it('a list must hold the topic of the cursor', async () => {
    const catalog = await withTopics('a', 'b');
    const cursor = { topicName: 'b', partitionIndex: 0 };
    const { topics } = await ask(catalog, { names: ['a', 'c'], cursor });
    expect(topics.map(({ name, errorCode }) => [name, errorName(errorCode)])).toEqual([
      ['a', 'INVALID_REQUEST'],
      ['c', 'INVALID_REQUEST'],
    ]);
  });

  it('a cursor has no negative partition', async () => {
    const cursor = { topicName: 'a', partitionIndex: -1 };
    const { topics } = await ask(await withTopics('a'), { names: ['a'], cursor });
    expect(errorName(topics[0]!.errorCode)).toBe('INVALID_REQUEST');
  });

  it('unknown and invalid names of a list are told', async () => {
    const { topics } = await ask(await withTopics(), { names: ['none', 'a b'] });
    expect(topics.map(({ name, errorCode }) => [name, errorName(errorCode)])).toEqual([
      ['a b', 'INVALID_TOPIC_EXCEPTION'],
      ['none', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ]);
  });
});
