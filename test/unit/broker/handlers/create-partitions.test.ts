import { describe, expect, it, test } from '@jest/globals';
import type { WantedPartitions } from '../../../../src/broker/catalog/decide-partitions.ts';
import type { MemoryCatalog } from '../../../../src/broker/catalog/memory-catalog.ts';
import { createPartitionsHandler } from '../../../../src/broker/handlers/create-partitions.ts';
import { errorName } from '../../../../src/protocol/error-codes.ts';
import { createPartitions } from '../../../../src/protocol/messages/create-partitions.ts';
import {
  createTopic,
  exchange,
  startedCluster,
  versionsOf,
} from '../../../support/test-cluster.ts';

async function withTopic(brokers = 3): Promise<MemoryCatalog> {
  const catalog = await startedCluster(brokers);
  await createTopic(catalog, 't', { numPartitions: 2, replicationFactor: Math.min(2, brokers) });
  return catalog;
}

const replicasOf = (catalog: MemoryCatalog): (readonly number[])[] =>
  catalog.image.topics.get('t')!.partitions.map(({ replicas }) => replicas);

async function ask(
  catalog: MemoryCatalog,
  topics: readonly WantedPartitions[],
  { version = 3, validateOnly = false } = {},
): Promise<[string, string, string | null][]> {
  const request = { topics, timeoutMs: 1000, validateOnly };
  const { results } = await exchange(createPartitionsHandler(catalog), catalog, version, request);
  return results.map(({ name, errorCode, errorMessage }) => [
    name,
    errorName(errorCode),
    errorMessage,
  ]);
}

const grow = (count: number, ...lists: number[][]): WantedPartitions => ({
  name: 't',
  count,
  assignments: lists.length === 0 ? null : lists.map((brokerIds) => ({ brokerIds })),
});

test.each(versionsOf(createPartitions))('v%d adds partitions', async (version) => {
  const catalog = await withTopic();
  expect(await ask(catalog, [grow(6)], { version })).toEqual([['t', 'NONE', null]]);
  expect(replicasOf(catalog).map(([leader]) => leader)).toEqual([1, 2, 3, 1, 2, 3]);
  expect(replicasOf(catalog).every(({ length }) => length === 2)).toBe(true);
});

it.each(['__consumer_offsets', '__transaction_state'])(
  '%s keeps its number: groups and transactions find their coordinator by it',
  async (name) => {
    const catalog = await startedCluster();
    await createTopic(catalog, name, { numPartitions: 2 });
    const [[, error, words]] = (await ask(catalog, [{ name, count: 3, assignments: null }])) as [
      [string, string, string],
    ];
    expect(error).toBe('INVALID_PARTITIONS');
    expect(words).toContain('keeps its number of partitions');
    expect(catalog.image.topics.get(name)?.partitions).toHaveLength(2);
  },
);

describe('a request for a very large number of partitions', () => {
  const refusal = [
    't',
    'POLICY_VIOLATION',
    'Excessively large number of partitions per request.',
  ] as [string, string, string];

  it.each([2 ** 31 - 1, 10_003])('%d is refused before memory is taken', async (count) => {
    expect(await ask(await withTopic(), [grow(count)])).toEqual([refusal]);
  });

  it('counts those of all topics', async () => {
    const catalog = await withTopic();
    await createTopic(catalog, 'u');
    const outcomes = await ask(catalog, [{ ...grow(9_001), name: 'u' }, grow(1_003)]);
    expect(outcomes).toEqual([['u', 'NONE', null], refusal]);
  });
});

describe('row 36', () => {
  it('no fewer and not as many as there are', async () => {
    const catalog = await withTopic();
    expect(await ask(catalog, [grow(2)])).toEqual([
      ['t', 'INVALID_PARTITIONS', 'Topic already has 2 partition(s).'],
    ]);
    expect(await ask(catalog, [grow(1)])).toEqual([
      [
        't',
        'INVALID_PARTITIONS',
        'The topic t currently has 2 partition(s); 1 would not be an increase.',
      ],
    ]);
  });

  it('assignments are for the new partitions, one each', async () => {
    const catalog = await withTopic();
    expect(await ask(catalog, [grow(4, [3, 1])])).toEqual([
      [
        't',
        'INVALID_REPLICA_ASSIGNMENT',
        'Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.',
      ],
    ]);
    expect(await ask(catalog, [grow(4, [3, 1], [2, 3])])).toEqual([['t', 'NONE', null]]);
    expect(replicasOf(catalog).slice(2)).toEqual([
      [3, 1],
      [2, 3],
    ]);
  });

  it('assignments have as many replicas as the topic', async () => {
    const [[, code, message] = []] = await ask(await withTopic(), [grow(3, [1])]);
    expect(code).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(message).toMatch(/a partition with 1 replica\(s\), .* which have 2 replica\(s\)\.$/);
  });

  it('a topic named twice is refused once', async () => {
    const catalog = await withTopic();
    expect(await ask(catalog, [grow(3), grow(4)])).toEqual([
      ['t', 'INVALID_REQUEST', 'Duplicate topic name.'],
    ]);
    expect(replicasOf(catalog)).toHaveLength(2);
  });

  it('an unknown topic is told without words', async () => {
    expect(await ask(await startedCluster(), [grow(3)])).toEqual([
      ['t', 'UNKNOWN_TOPIC_OR_PARTITION', null],
    ]);
  });

  it('validateOnly checks and adds nothing', async () => {
    const catalog = await withTopic();
    expect(await ask(catalog, [grow(3)], { validateOnly: true })).toEqual([['t', 'NONE', null]]);
    expect(replicasOf(catalog)).toHaveLength(2);
  });
});
