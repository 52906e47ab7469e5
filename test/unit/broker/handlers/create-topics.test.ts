import { describe, expect, it, test } from '@jest/globals';
import { decideBrokerStopped } from '../../../../src/broker/catalog/decide-brokers.ts';
import type { WantedTopic } from '../../../../src/broker/catalog/decide-topics.ts';
import { TopicCreation } from '../../../../src/broker/catalog/topic-creation.ts';
import type { MemoryCatalog } from '../../../../src/broker/catalog/memory-catalog.ts';
import { createTopicsHandler } from '../../../../src/broker/handlers/create-topics.ts';
import { errorName } from '../../../../src/protocol/error-codes.ts';
import { KafkaError } from '../../../../src/protocol/kafka-error.ts';
import { createTopics } from '../../../../src/protocol/messages/create-topics.ts';
import type { RequestInput, ResponseOf } from '../../../../src/protocol/schema.ts';
import {
  createTopic,
  exchange,
  startedCluster,
  topicRules,
  versionsOf,
  wantedTopic,
} from '../../../support/test-cluster.ts';

type Answer = ResponseOf<typeof createTopics>['topics'][number];

const rules = topicRules({
  numPartitions: 4,
  validateConfigs(configs) {
    for (const name of configs.keys()) {
      if (name === 'nonsense') {
        throw new KafkaError('INVALID_CONFIG', `Unknown topic config name: ${name}`);
      }
    }
  },
});

function ask(
  catalog: MemoryCatalog,
  topics: readonly WantedTopic[],
  { version = 7, ...more }: Partial<RequestInput<typeof createTopics>> & { version?: number } = {},
): Promise<readonly Answer[]> {
  const creation = new TopicCreation(catalog, { ...rules, numberOf: () => 1 });
  const handler = createTopicsHandler(creation, (_image, configs) =>
    [...configs].map(([name, value]) => ({
      name,
      value,
      readOnly: false,
      configSource: 1,
      isSensitive: false,
    })),
  );
  return exchange(handler, catalog, version, { topics, ...more }).then(({ topics: all }) => all);
}

/** What one topic is told. */
async function outcome(
  catalog: MemoryCatalog,
  name: string,
  more: Partial<WantedTopic> = {},
): Promise<[string, string | null]> {
  const [answer] = await ask(catalog, [wantedTopic(name, more)]);
  return [errorName(answer!.errorCode), answer!.errorMessage];
}

test.each(versionsOf(createTopics))('v%d creates', async (version) => {
  const catalog = await startedCluster();
  const topics = [wantedTopic('t', { numPartitions: 3, replicationFactor: 1 })];
  const [answer] = await ask(catalog, topics, { version });
  expect(answer).toMatchObject({ name: 't', errorCode: 0, errorMessage: null });
  expect(catalog.image.topics.get('t')?.partitions).toHaveLength(3);
});

it('answers when the subscribers that open the partitions are done', async () => {
  const catalog = await startedCluster();
  const ready: string[] = [];
  catalog.subscribe(async (image) => {
    await Promise.resolve();
    ready.push(...image.topics.keys());
  });
  await ask(catalog, [wantedTopic('t')]);
  expect(ready).toEqual(['t']);
});

describe('row 25: names', () => {
  it.each([
    ['', 'Topic name is invalid: the empty string is not allowed'],
    ['.', "Topic name is invalid: '.' is not allowed"],
    ['..', "Topic name is invalid: '..' is not allowed"],
    [
      'a/b',
      "Topic name is invalid: 'a/b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ],
    [
      'x'.repeat(250),
      `Topic name is invalid: the length of '${'x'.repeat(250)}' is longer than the max allowed length 249`,
    ],
  ])('%j is refused', async (name, message) => {
    const catalog = await startedCluster();
    expect(await outcome(catalog, name)).toEqual(['INVALID_TOPIC_EXCEPTION', message]);
  });

  it('of 249 characters and of all kinds are fine', async () => {
    const catalog = await startedCluster();
    expect(await outcome(catalog, 'x'.repeat(249))).toEqual(['NONE', null]);
    expect(await outcome(catalog, 'aZ09._-')).toEqual(['NONE', null]);
  });
});

it('row 26: a.b and a_b cannot both be', async () => {
  const catalog = await startedCluster();
  await createTopic(catalog, 'a.b');
  expect(await outcome(catalog, 'a_b')).toEqual([
    'INVALID_TOPIC_EXCEPTION',
    "Topic 'a_b' collides with existing topic: a.b",
  ]);
});

it('row 27: a name twice in a request is refused, the others are made', async () => {
  const catalog = await startedCluster();
  const answers = await ask(
    catalog,
    ['a', 'b', 'a'].map((name) => wantedTopic(name)),
  );
  expect(
    answers.map(({ name, errorCode, errorMessage }) => [name, errorName(errorCode), errorMessage]),
  ).toEqual([
    ['b', 'NONE', null],
    ['a', 'INVALID_REQUEST', 'Duplicate topic name.'],
  ]);
  expect([...catalog.image.topics.keys()]).toEqual(['b']);
});

it('row 27: a topic that exists is refused', async () => {
  const catalog = await startedCluster();
  await createTopic(catalog, 't');
  expect(await outcome(catalog, 't')).toEqual([
    'TOPIC_ALREADY_EXISTS',
    "Topic 't' already exists.",
  ]);
});

describe('row 28: partitions and replicas', () => {
  it('-1 means the default', async () => {
    const catalog = await startedCluster();
    expect(await outcome(catalog, 't')).toEqual(['NONE', null]);
    expect(catalog.image.topics.get('t')?.partitions).toHaveLength(4);
  });

  it.each([0, -2])('%d partitions are refused', async (numPartitions) => {
    expect(await outcome(await startedCluster(), 't', { numPartitions })).toEqual([
      'INVALID_PARTITIONS',
      'Number of partitions was set to an invalid non-positive value.',
    ]);
  });

  it.each([0, -2])('%d replicas are refused', async (replicationFactor) => {
    expect(await outcome(await startedCluster(), 't', { replicationFactor })).toEqual([
      'INVALID_REPLICATION_FACTOR',
      'Replication factor must be larger than 0, or -1 to use the default value.',
    ]);
  });

  it('more replicas than brokers are refused', async () => {
    expect(await outcome(await startedCluster(), 't', { replicationFactor: 3 })).toEqual([
      'INVALID_REPLICATION_FACTOR',
      'Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot ' +
        'be reached because only 1 broker(s) are registered or some brokers have all their log ' +
        'directories cordoned.',
    ]);
  });

  it('without a live broker there is nowhere to put them', async () => {
    const catalog = await startedCluster();
    await catalog.transact((image) => decideBrokerStopped(image, 1));
    expect(await outcome(catalog, 't')).toEqual([
      'INVALID_REPLICATION_FACTOR',
      'Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have ' +
        'all their log directories cordoned.',
    ]);
  });

  it('a follower that is down is not in sync', async () => {
    const catalog = await startedCluster(3);
    await catalog.transact((image) => decideBrokerStopped(image, 2));
    expect(await outcome(catalog, 't', { replicationFactor: 3 })).toEqual(['NONE', null]);
    expect(catalog.image.topics.get('t')?.partitions[0]).toMatchObject({ isr: [1, 3], leader: 1 });
  });
});

describe('row 29: manual assignment', () => {
  const assign = (...brokerLists: number[][]): Partial<WantedTopic> => ({
    assignments: brokerLists.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
  });

  it('is taken as it is', async () => {
    const catalog = await startedCluster(3);
    expect(await outcome(catalog, 't', assign([3, 1], [2, 3]))).toEqual(['NONE', null]);
    expect(catalog.image.topics.get('t')?.partitions.map(({ replicas }) => replicas)).toEqual([
      [3, 1],
      [2, 3],
    ]);
    expect(catalog.image.topics.get('t')?.partitions[0]).toMatchObject({ leader: 3, isr: [3, 1] });
  });

  it.each([
    [
      'with a replication factor',
      { ...assign([1]), replicationFactor: 1 },
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but replication factor was not set to -1.',
    ],
    [
      'with a number of partitions',
      { ...assign([1]), numPartitions: 1 },
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but numPartitions was not set to -1.',
    ],
    [
      'without replicas',
      assign([]),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes an empty replica list.',
    ],
    [
      'of an unknown broker',
      assign([1, 9]),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes broker 9, but no such broker is registered.',
    ],
    [
      'of one broker twice',
      assign([2, 2]),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes the broker 2 more than once.',
    ],
    [
      'of uneven lists',
      assign([1, 2], [1]),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes a partition with 1 replica(s), but this is not ' +
        'consistent with previous partitions, which have 2 replica(s).',
    ],
    [
      'with a gap',
      {
        assignments: [
          { partitionIndex: 0, brokerIds: [1] },
          { partitionIndex: 2, brokerIds: [1] },
        ],
      },
      'INVALID_REPLICA_ASSIGNMENT',
      'partitions should be a consecutive 0-based integer sequence',
    ],
    [
      'of a partition twice',
      {
        assignments: [
          { partitionIndex: 0, brokerIds: [1] },
          { partitionIndex: 0, brokerIds: [2] },
        ],
      },
      'INVALID_REPLICA_ASSIGNMENT',
      'Found multiple manual partition assignments for partition 0',
    ],
  ])('%s is refused', async (_what, wanted, code, message) => {
    expect(await outcome(await startedCluster(2), 't', wanted)).toEqual([code, message]);
  });

  it('to brokers that are all down is refused', async () => {
    const catalog = await startedCluster(2);
    await catalog.transact((image) => decideBrokerStopped(image, 2));
    expect(await outcome(catalog, 't', assign([2]))).toEqual([
      'INVALID_REPLICA_ASSIGNMENT',
      'All brokers specified in the manual partition assignment for partition 0 are fenced or ' +
        'in controlled shutdown.',
    ]);
  });
});

it('row 30: validateOnly answers in full and creates nothing', async () => {
  const catalog = await startedCluster();
  const before = catalog.image;
  const topics = [wantedTopic('t'), wantedTopic('bad', { replicationFactor: 2 })];
  const [good, bad] = await ask(catalog, topics, { validateOnly: true });
  expect(good).toMatchObject({ errorCode: 0, numPartitions: 4, replicationFactor: 1 });
  expect(errorName(bad!.errorCode)).toBe('INVALID_REPLICATION_FACTOR');
  expect(catalog.image).toBe(before);
});

describe('row 31: what the answer tells', () => {
  const configs = [{ name: 'retention.ms', value: '1' }];

  it('v5 on: partitions, replicas and configuration; v7: the id', async () => {
    const catalog = await startedCluster();
    const [answer] = await ask(catalog, [wantedTopic('t', { configs })]);
    expect(answer).toMatchObject({
      numPartitions: 4,
      replicationFactor: 1,
      configs: [{ name: 'retention.ms', value: '1', configSource: 1 }],
      topicConfigErrorCode: 0,
      topicId: catalog.image.topics.get('t')!.id,
    });
    const [older] = await ask(catalog, [wantedTopic('u', { configs })], { version: 4 });
    expect(older).toMatchObject({ numPartitions: -1, configs: [] });
  });

  it('the configuration is stored', async () => {
    const catalog = await startedCluster();
    await ask(catalog, [wantedTopic('t', { configs })]);
    expect(catalog.image.configs.get('TOPIC:t')).toEqual(new Map([['retention.ms', '1']]));
  });
});

describe('row 32: configuration that is refused', () => {
  it('by the rules of configuration', async () => {
    const configs = [{ name: 'nonsense', value: '1' }];
    expect(await outcome(await startedCluster(), 't', { configs })).toEqual([
      'INVALID_CONFIG',
      'Unknown topic config name: nonsense',
    ]);
  });

  it('without a value', async () => {
    const configs = ['a', 'b'].map((name) => ({ name, value: null }));
    expect(await outcome(await startedCluster(), 't', { configs })).toEqual([
      'INVALID_CONFIG',
      'Null value not supported for topic configs: a,b',
    ]);
  });
});

it('row 33: the metadata topic is not for clients', async () => {
  expect(await outcome(await startedCluster(), '__cluster_metadata')).toEqual([
    'INVALID_REQUEST',
    'Creation of internal topic __cluster_metadata is prohibited.',
  ]);
});

it('row 35: a topic that is made again has another id', async () => {
  const catalog = await startedCluster();
  const [first] = await ask(catalog, [wantedTopic('t')]);
  const { topicId } = first!;
  await catalog.transact(() => ({
    records: [{ type: 'RemoveTopicRecord', version: 0, data: { topicId } }],
    result: undefined,
  }));
  await createTopic(catalog, 't');
  expect(catalog.image.topics.get('t')!.id).not.toBe(topicId);
});

it('a refused request names every topic', async () => {
  const topics = ['a', 'b'].map((name) => wantedTopic(name, { numPartitions: 6000 }));
  const answers = await ask(await startedCluster(), topics);
  expect(answers.map(({ name, errorCode }) => [name, errorName(errorCode)])).toEqual([
    ['a', 'POLICY_VIOLATION'],
    ['b', 'POLICY_VIOLATION'],
  ]);
});
