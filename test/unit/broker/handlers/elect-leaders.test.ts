import { describe, expect, it, test } from '@jest/globals';
import {
  decideBrokersJoin,
  decideBrokerStopped,
} from '../../../../src/broker/catalog/decide-brokers.ts';
import type { MemoryCatalog } from '../../../../src/broker/catalog/memory-catalog.ts';
import { electLeadersHandler } from '../../../../src/broker/handlers/elect-leaders.ts';
import { errorName } from '../../../../src/protocol/error-codes.ts';
import { electLeaders } from '../../../../src/protocol/messages/elect-leaders.ts';
import type { RequestInput } from '../../../../src/protocol/schema.ts';
import {
  createTopic,
  exchange,
  registration,
  startedCluster,
  versionsOf,
} from '../../../support/test-cluster.ts';

/** Two partitions of which the first is not led by its preferred leader. */
async function imbalanced(): Promise<MemoryCatalog> {
  const catalog = await startedCluster(2);
  await createTopic(catalog, 't', { numPartitions: 2, replicationFactor: 2 });
  await catalog.transact((image) => decideBrokerStopped(image, 1));
  await catalog.transact((image) => decideBrokersJoin(image, [registration(1)]));
  return catalog;
}

async function ask(
  catalog: MemoryCatalog,
  request: RequestInput<typeof electLeaders>,
  version = 2,
): Promise<unknown[]> {
  const response = await exchange(electLeadersHandler(catalog), catalog, version, request);
  return response.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult.map(({ partitionId, errorCode, errorMessage }) => [
      topic,
      partitionId,
      errorName(errorCode),
      errorMessage,
    ]),
  );
}

const leaders = (catalog: MemoryCatalog): number[] =>
  catalog.image.topics.get('t')!.partitions.map(({ leader }) => leader);

test.each(versionsOf(electLeaders))('v%d elects preferred leaders', async (version) => {
  const catalog = await imbalanced();
  expect(leaders(catalog)).toEqual([2, 2]);
  const request = { topicPartitions: [{ topic: 't', partitions: [0] }] };
  expect(await ask(catalog, request, version)).toEqual([['t', 0, 'NONE', null]]);
  expect(leaders(catalog)).toEqual([1, 2]);
});

describe('row 42', () => {
  it('all partitions: those that need no election are left out', async () => {
    const catalog = await imbalanced();
    expect(await ask(catalog, { topicPartitions: null })).toEqual([['t', 0, 'NONE', null]]);
    expect(await ask(catalog, { topicPartitions: null })).toEqual([]);
  });

  it('named partitions: those that need none are told', async () => {
    const topicPartitions = [
      { topic: 't', partitions: [1, 5] },
      { topic: 'x', partitions: [0] },
    ];
    expect(await ask(await imbalanced(), { topicPartitions })).toEqual([
      ['t', 1, 'ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition.'],
      ['t', 5, 'UNKNOWN_TOPIC_OR_PARTITION', 'No such partition as t-5'],
      ['x', 0, 'UNKNOWN_TOPIC_OR_PARTITION', 'No such topic as x'],
    ]);
  });

  it('an unclean election is needed only without a leader', async () => {
    const request = { electionType: 1, topicPartitions: [{ topic: 't', partitions: [0] }] };
    const [[, , code] = []] = (await ask(await imbalanced(), request)) as string[][];
    expect(code).toBe('ELECTION_NOT_NEEDED');
  });

  it('there are two kinds of election', async () => {
    const request = { electionType: 7, topicPartitions: [{ topic: 't', partitions: [0] }] };
    const catalog = await imbalanced();
    const response = await exchange(electLeadersHandler(catalog), catalog, 2, request);
    expect(errorName(response.errorCode)).toBe('INVALID_REQUEST');
    expect(response.replicaElectionResults[0]?.partitionResult[0]?.errorMessage).toBe(
      'Unknown election type 7',
    );
  });
});
