import { describe, expect, it, test } from '@jest/globals';
import type { MemoryCatalog } from '../../../../src/broker/catalog/memory-catalog.ts';
import { deleteTopicsHandler } from '../../../../src/broker/handlers/delete-topics.ts';
import { errorName } from '../../../../src/protocol/error-codes.ts';
import { deleteTopics } from '../../../../src/protocol/messages/delete-topics.ts';
import type { RequestInput } from '../../../../src/protocol/schema.ts';
import { zeroUuid } from '../../../../src/protocol/uuid.ts';
import {
  createTopic,
  exchange,
  startedCluster,
  uuidSource,
  versionsOf,
} from '../../../support/test-cluster.ts';

async function withTopics(...names: string[]): Promise<MemoryCatalog> {
  const catalog = await startedCluster();
  for (const name of names) await createTopic(catalog, name);
  return catalog;
}

/** [name, code] of each answer. */
async function ask(
  catalog: MemoryCatalog,
  request: Partial<RequestInput<typeof deleteTopics>>,
  { version = 6, isEnabled = true } = {},
): Promise<[string | null, string, string | null][]> {
  const handler = deleteTopicsHandler(catalog, () => isEnabled);
  const { responses } = await exchange(handler, catalog, version, { timeoutMs: 1000, ...request });
  return responses.map(({ name, errorCode, errorMessage }) => [
    name,
    errorName(errorCode),
    errorMessage,
  ]);
}

test.each(versionsOf(deleteTopics))('v%d deletes by name', async (version) => {
  const catalog = await withTopics('a', 'b');
  const request =
    version < 6 ? { topicNames: ['a'] } : { topics: [{ name: 'a', topicId: zeroUuid }] };
  expect(await ask(catalog, request, { version })).toEqual([['a', 'NONE', null]]);
  expect([...catalog.image.topics.keys()]).toEqual(['b']);
});

describe('row 34', () => {
  it('v6 deletes by id and tells the name', async () => {
    const catalog = await withTopics('a');
    const topicId = catalog.image.topics.get('a')!.id;
    expect(await ask(catalog, { topics: [{ topicId }] })).toEqual([['a', 'NONE', null]]);
    expect(catalog.image.topics.size).toBe(0);
  });

  it('an unknown id and an unknown name are told apart', async () => {
    const catalog = await withTopics();
    const topics = [{ topicId: uuidSource(99)() }, { name: 'x', topicId: zeroUuid }];
    expect(await ask(catalog, { topics })).toEqual([
      [null, 'UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.'],
      ['x', 'UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.'],
    ]);
  });

  it('name and id together, or neither, are refused', async () => {
    const catalog = await withTopics('a');
    const topicId = catalog.image.topics.get('a')!.id;
    expect(await ask(catalog, { topics: [{ name: 'a', topicId }, { topicId: zeroUuid }] })).toEqual(
      [
        ['a', 'INVALID_REQUEST', 'You may not specify both topic name and topic id.'],
        [null, 'INVALID_REQUEST', 'Neither topic name nor id were specified.'],
      ],
    );
    expect(catalog.image.topics.size).toBe(1);
  });

  it('what is named twice is refused once, and not deleted', async () => {
    const catalog = await withTopics('a', 'b');
    const topicId = catalog.image.topics.get('b')!.id;
    const byName = { name: 'a', topicId: zeroUuid };
    const topics = [byName, byName, { topicId }, { topicId }];
    expect(await ask(catalog, { topics })).toEqual([
      ['a', 'INVALID_REQUEST', 'Duplicate topic name.'],
      [null, 'INVALID_REQUEST', 'Duplicate topic id.'],
    ]);
    expect(catalog.image.topics.size).toBe(2);
  });

  it('a name whose id is named as well is refused', async () => {
    const catalog = await withTopics('a');
    const topicId = catalog.image.topics.get('a')!.id;
    const answers = await ask(catalog, { topics: [{ name: 'a', topicId: zeroUuid }, { topicId }] });
    expect(answers).toContainEqual([
      'a',
      'INVALID_REQUEST',
      'The provided topic name maps to an ID that was already supplied.',
    ]);
    expect(answers).toHaveLength(1);
    expect(catalog.image.topics.has('a')).toBe(true);
  });

  it('deletion may be switched off', async () => {
    const catalog = await withTopics('a');
    const topicNames = ['a'];
    const off = { isEnabled: false };
    expect(await ask(catalog, { topicNames }, { ...off, version: 2 })).toEqual([
      ['a', 'INVALID_REQUEST', null],
    ]);
    expect(await ask(catalog, { topicNames }, { ...off, version: 3 })).toEqual([
      ['a', 'TOPIC_DELETION_DISABLED', null],
    ]);
    expect(catalog.image.topics.size).toBe(1);
  });
});
