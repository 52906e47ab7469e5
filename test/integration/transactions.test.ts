import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { describeProducers } from '../../src/protocol/messages/describe-producers.ts';
import { describeTransactions } from '../../src/protocol/messages/describe-transactions.ts';
import { listOffsets } from '../../src/protocol/messages/list-offsets.ts';
import { listTransactions } from '../../src/protocol/messages/list-transactions.ts';
import { addPartitionsToTxn } from '../../src/protocol/messages/add-partitions-to-txn.ts';
import { apiVersions } from '../../src/protocol/messages/api-versions.ts';
import { updateFeatures } from '../../src/protocol/messages/update-features.ts';
import { writeTxnMarkers } from '../../src/protocol/messages/write-txn-markers.ts';
import { deleteTopics } from '../../src/protocol/messages/delete-topics.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import { groupCoordinator } from '../support/group-coordinator.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  batchOf,
  createTopic,
  fetchOne,
  produceBatch,
  produceRequest,
  valuesOf,
} from '../support/requests.ts';
import {
  committedOffset,
  committedValues,
  nameOf,
  TransactionalClient,
  untilComplete,
} from '../support/transactional-client.ts';

let broker: RunningBroker;
let client: RawClient;
const topic = 'orders';

beforeEach(async () => {
  broker = await startBroker({
    topics: [{ name: topic, partitions: 2 }, { name: 'payments' }],
    properties: {
      'transaction.state.log.num.partitions': '4',
      'offsets.topic.num.partitions': '4',
    },
  });
  client = await RawClient.connect(broker.bootstrapServers);
});

afterEach(async () => {
  client.close();
  await broker.close();
});

async function producerOf(style: 'v1' | 'v2', transactionalId = 'tx') {
  const producer = new TransactionalClient(client, transactionalId, style);
  await producer.findCoordinator();
  return producer;
}

async function began(style: 'v1' | 'v2', transactionalId = 'tx') {
  const producer = await producerOf(style, transactionalId);
  expect(await producer.init()).toBe('NONE');
  return producer;
}

const lastStable = async () => {
  const response = await client.request(listOffsets, 8, {
    replicaId: -1,
    isolationLevel: 1,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  });
  return response.topics[0]!.partitions[0]!.offset;
};

describe.each(['v1', 'v2'] as const)('transactions of %s clients', (style) => {
  it('are seen as a whole once they commit', async () => {
    const producer = await began(style);
    expect(await producer.write(topic, ['a', 'b'])).toBe('NONE');
    expect(await producer.write(topic, ['c'], 1)).toBe('NONE');
    expect(await committedValues(client, topic)).toEqual([]);
    expect(valuesOf(await fetchOne(client)).map(({ value }) => value)).toEqual(['a', 'b']);
    expect(await lastStable()).toBe(0);
    expect(await producer.end(true)).toBe('NONE');
    expect(await untilComplete(() => producer.init())).toBe('NONE');
    expect(await committedValues(client, topic)).toEqual(['a', 'b']);
    expect(await committedValues(client, topic, 1)).toEqual(['c']);
    expect(await lastStable()).toBe(3);
  });

  it('row 80: are left out when they abort, also between others', async () => {
    const producer = await began(style);
    const other = await began(style, 'other');
    await producer.write(topic, ['no']);
    await other.write(topic, ['yes']);
    await producer.write(topic, ['neither']);
    expect(await producer.end(false)).toBe('NONE');
    expect(await other.end(true)).toBe('NONE');
    await produceBatch(client, batchOf(['plain']));
    expect(await untilComplete(() => producer.init())).toBe('NONE');
    expect(await untilComplete(() => other.init())).toBe('NONE');
    expect(await committedValues(client, topic)).toEqual(['yes', 'plain']);
  });

  it('follow each other without a new InitProducerId', async () => {
    const producer = await began(style);
    for (let round = 0; round < 5; round++) {
      const written = await untilComplete(() => producer.write(topic, [`r${round}`]));
      expect(written).toBe('NONE');
      expect(await producer.end(round % 2 === 0)).toBe('NONE');
    }
    expect(await untilComplete(() => producer.init())).toBe('NONE');
    expect(await committedValues(client, topic)).toEqual(['r0', 'r2', 'r4']);
    // KIP-890: an epoch for each transaction.
    expect(producer.producerEpoch).toBe(style === 'v2' ? 6 : 1);
  });

  it('row 142: a second producer of the id fences the first and aborts what it left open', async () => {
    const first = await began(style);
    await first.write(topic, ['left open']);
    const second = first.again();
    expect(await second.init()).toBe('CONCURRENT_TRANSACTIONS');
    expect(await second.initWhenReady()).toBe('NONE');
    expect(second.producerEpoch).toBe(2);
    expect(await first.produce(topic, ['late'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await first.produce('payments', ['late'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await first.end(true)).toBe('PRODUCER_FENCED');
    expect(await second.write(topic, ['mine'])).toBe('NONE');
    expect(await second.end(true)).toBe('NONE');
    await untilComplete(() => second.init());
    expect(await committedValues(client, topic)).toEqual(['mine']);
    expect(await committedValues(client, 'payments')).toEqual([]);
  });

  it('row 151: offsets count once they commit, and not when they abort', async () => {
    const producer = await began(style);
    const send = async (offset: number) => {
      if (style === 'v1') {
        expect(await untilComplete(() => producer.addOffsets('group'))).toBe('NONE');
      }
      return untilComplete(() => producer.sendOffset('group', topic, offset));
    };
    await groupCoordinator(client, 'group');
    expect(await send(5)).toBe('NONE');
    expect(await committedOffset(client, 'group', topic)).toBe(-1);
    expect(await committedOffset(client, 'group', topic, true)).toBe('UNSTABLE_OFFSET_COMMIT');
    expect(await producer.end(true)).toBe('NONE');
    expect(await send(7)).toBe('NONE');
    expect(await committedOffset(client, 'group', topic)).toBe(5);
    expect(await producer.end(false)).toBe('NONE');
    await untilComplete(() => producer.init());
    expect(await committedOffset(client, 'group', topic, true)).toBe(5);
  });

  it('keep the order of requests, of which one adds a partition', async () => {
    const producer = await began(style);
    await producer.write(topic, ['a']);
    if (style === 'v1') await producer.add('payments');
    const version = style === 'v2' ? 12 : 11;
    const batch = (baseSequence: number, value: string) => {
      const { producerId, producerEpoch } = producer;
      return batchOf([value], { producerId, producerEpoch, baseSequence, isTransactional: true });
    };
    const wish = { topic, transactionalId: 'tx' };
    // The coordinator is asked for the new partition, for the other one nobody.
    const both = produceRequest(batch(1, 'b'), wish);
    const [new1] = produceRequest(batch(0, 'x'), { topic: 'payments' }).topicData;
    const ids = [
      client.send(produce, version, { ...both, topicData: [...both.topicData, new1!] }),
      client.send(produce, version, produceRequest(batch(2, 'c'), wish)),
      client.send(produce, version, produceRequest(batch(3, 'd'), wish)),
    ];
    const errors: string[] = [];
    for (const id of ids) {
      const { responses } = await client.response(produce, version, id);
      for (const { partitionResponses } of responses) {
        errors.push(...partitionResponses.map(({ errorCode }) => nameOf(errorCode)));
      }
    }
    expect(errors).toEqual(['NONE', 'NONE', 'NONE', 'NONE']);
    expect(await producer.end(true)).toBe('NONE');
    expect(await untilComplete(() => producer.init())).toBe('NONE');
    expect(await committedValues(client, topic)).toEqual(['a', 'b', 'c', 'd']);
    expect(await committedValues(client, 'payments')).toEqual(['x']);
  });

  it('row 69: a plain batch of a producer in a transaction is INVALID_TXN_STATE', async () => {
    const producer = await began(style);
    await producer.write(topic, ['a']);
    const { producerId, producerEpoch } = producer;
    const plain = batchOf(['b'], { producerId, producerEpoch, baseSequence: 1 });
    const { errorCode } = await produceBatch(client, plain);
    expect(nameOf(errorCode)).toBe('INVALID_TXN_STATE');
  });

  it('row 63: a batch that is sent again is not written again', async () => {
    const producer = await began(style);
    await producer.write(topic, ['a']);
    const { producerId, producerEpoch } = producer;
    const again = batchOf(['a'], {
      producerId,
      producerEpoch,
      baseSequence: 0,
      isTransactional: true,
    });
    const version = style === 'v2' ? 12 : 11;
    const wish = { topic, transactionalId: 'tx', version };
    expect(await produceBatch(client, again, wish)).toMatchObject({ errorCode: 0, baseOffset: 0 });
    await producer.end(true);
    await untilComplete(() => producer.init());
    expect(await committedValues(client, topic)).toEqual(['a']);
  });

  it('are told of: DescribeTransactions, ListTransactions, DescribeProducers', async () => {
    const producer = await began(style);
    await producer.write(topic, ['a']);
    const { producerId, producerEpoch } = producer;
    const described = await client.request(describeTransactions, 0, {
      transactionalIds: ['tx', 'nobody', ''],
    });
    expect(described.transactionStates).toMatchObject([
      {
        errorCode: 0,
        transactionState: 'Ongoing',
        producerId,
        producerEpoch,
        transactionTimeoutMs: 60_000,
        topics: [{ topic, partitions: [0] }],
      },
      { errorCode: 105, transactionalId: 'nobody' },
      { errorCode: 42, transactionalId: '' },
    ]);
    const listed = await client.request(listTransactions, 2, {
      stateFilters: ['Ongoing', 'Sleeping'],
      producerIdFilters: [],
      durationFilter: -1,
      transactionalIdPattern: 't.*',
    });
    expect(listed).toMatchObject({
      errorCode: 0,
      unknownStateFilters: ['Sleeping'],
      transactionStates: [{ transactionalId: 'tx', producerId, transactionState: 'Ongoing' }],
    });
    const producers = await client.request(describeProducers, 0, {
      topics: [{ name: topic, partitionIndexes: [0] }],
    });
    expect(producers.topics[0]!.partitions[0]!.activeProducers).toMatchObject([
      {
        producerId,
        producerEpoch,
        lastSequence: 0,
        coordinatorEpoch: -1,
        currentTxnStartOffset: 0,
      },
    ]);
  });
});

describe('row 142: what old clients hear when they are fenced', () => {
  it.each([0, 1, 2, 3])('AddPartitionsToTxn, AddOffsetsToTxn, EndTxn v%d', async (version) => {
    const first = await began('v1');
    const second = first.again();
    await second.init();
    const word = version < 2 ? 'INVALID_PRODUCER_EPOCH' : 'PRODUCER_FENCED';
    expect(await first.add(topic, [0], version)).toEqual([word]);
    expect(await first.addOffsets('group', version)).toBe(word);
    expect(await first.end(true, version)).toBe(word);
  });

  it.each([3, 4, 5])('InitProducerId v%d', async (version) => {
    const first = await began('v1');
    await first.again().init();
    const word = version < 4 ? 'INVALID_PRODUCER_EPOCH' : 'PRODUCER_FENCED';
    expect(await first.init(version)).toBe(word);
  });
});

describe('row 144: AddPartitionsToTxn', () => {
  it.each([0, 1, 2, 3])(
    'v%d: one partition that is not there spoils it for all',
    async (version) => {
      const producer = await began('v1');
      expect(await producer.add(topic, [0, 7], version)).toEqual([
        'OPERATION_NOT_ATTEMPTED',
        'UNKNOWN_TOPIC_OR_PARTITION',
      ]);
      expect(await producer.add(topic, [0, 1], version)).toEqual(['NONE', 'NONE']);
      expect(await producer.add(topic, [0], version)).toEqual(['NONE']);
      const stranger = await producerOf('v1', 'nobody');
      expect(await stranger.add(topic, [0], version)).toEqual(['INVALID_PRODUCER_ID_MAPPING']);
    },
  );

  it.each([4, 5])('v%d: several transactions, to add or to verify', async (version) => {
    const one = await began('v2', 'one');
    const two = await began('v2', 'two');
    const partitions = { topics: [{ name: topic, partitions: [0] }] };
    const wish = ({ transactionalId, producerId, producerEpoch }: TransactionalClient) => ({
      transactionalId,
      producerId,
      producerEpoch,
      ...partitions,
    });
    const ask = async (verifyOnly: boolean) => {
      const response = await client.request(addPartitionsToTxn, version, {
        transactions: [
          { ...wish(one), verifyOnly: false },
          { ...wish(two), verifyOnly },
        ],
      });
      return response.resultsByTransaction.map(({ transactionalId, topicResults }) => [
        transactionalId,
        nameOf(topicResults[0]!.resultsByPartition[0]!.partitionErrorCode),
      ]);
    };
    expect(await ask(true)).toEqual([
      ['one', 'NONE'],
      ['two', 'TRANSACTION_ABORTABLE'],
    ]);
    expect(await ask(false)).toEqual([
      ['one', 'NONE'],
      ['two', 'NONE'],
    ]);
    expect(await ask(true)).toEqual([
      ['one', 'NONE'],
      ['two', 'NONE'],
    ]);
  });
});

describe('row 145: a partition that was not added', () => {
  it.each([
    [9, 'INVALID_TXN_STATE'],
    [10, 'INVALID_TXN_STATE'],
    [11, 'TRANSACTION_ABORTABLE'],
    [12, 'NONE'],
  ] as const)('Produce v%d: %s', async (version, error) => {
    const producer = await began('v1');
    expect(await producer.produce(topic, ['a'], 0, version)).toBe(error);
  });

  it.each([
    [3, 'INVALID_TXN_STATE'],
    [4, 'TRANSACTION_ABORTABLE'],
    [5, 'NONE'],
  ] as const)('TxnOffsetCommit v%d: %s', async (version, error) => {
    await groupCoordinator(client, 'group');
    const producer = await began('v1');
    expect(await producer.sendOffset('group', topic, 1, version)).toBe(error);
  });

  it('an id that nobody knows is INVALID_PRODUCER_ID_MAPPING', async () => {
    const producer = await producerOf('v2', 'nobody');
    producer.producerId = 4_711;
    producer.producerEpoch = 0;
    expect(await producer.produce(topic, ['a'])).toBe('INVALID_PRODUCER_ID_MAPPING');
  });

  it('may be written to where verification is switched off', async () => {
    await broker.close();
    client.close();
    broker = await startBroker({
      topics: [topic],
      properties: { 'transaction.partition.verification.enable': 'false' },
    });
    client = await RawClient.connect(broker.bootstrapServers);
    const producer = await began('v1');
    expect(await producer.produce(topic, ['a'])).toBe('NONE');
  });
});

describe('Produce', () => {
  it('row 70: batches of several producers are INVALID_PRODUCER_ID_MAPPING', async () => {
    const batch = (producerId: number) => {
      const buffer = batchOf(['a'], {
        producerId,
        producerEpoch: 0,
        baseSequence: 0,
        isTransactional: true,
      });
      return { buffer, start: 0, end: buffer.length };
    };
    const response = await client.request(produce, 11, {
      transactionalId: 'tx',
      acks: -1,
      timeoutMs: 1_000,
      topicData: [
        {
          name: topic,
          partitionData: [
            { index: 0, records: batch(1) },
            { index: 1, records: batch(2) },
          ],
        },
      ],
    });
    const codes = response.responses[0]!.partitionResponses.map(({ errorCode }) => errorCode);
    expect(codes.map(nameOf)).toEqual([
      'INVALID_PRODUCER_ID_MAPPING',
      'INVALID_PRODUCER_ID_MAPPING',
    ]);
  });

  it('without a transactional id it is TRANSACTIONAL_ID_AUTHORIZATION_FAILED', async () => {
    const batch = batchOf(['a'], {
      producerId: 1,
      producerEpoch: 0,
      baseSequence: 0,
      isTransactional: true,
    });
    const { errorCode } = await produceBatch(client, batch);
    expect(nameOf(errorCode)).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
  });
});

describe('row 155: WriteTxnMarkers of an operator', () => {
  it.each([1, 2])('v%d ends a transaction in a partition', async (version) => {
    const producer = await began('v1');
    await producer.write(topic, ['hangs']);
    const { producerId, producerEpoch } = producer;
    const abort = async (epoch: number, names: readonly string[]) => {
      const response = await client.request(writeTxnMarkers, version, {
        markers: [
          {
            producerId,
            producerEpoch: epoch,
            transactionResult: false,
            coordinatorEpoch: 0,
            topics: names.map((name) => ({ name, partitionIndexes: [0] })),
          },
        ],
      });
      return response.markers[0]!.topics.map(({ partitions }) => nameOf(partitions[0]!.errorCode));
    };
    expect(await abort(producerEpoch, [topic, 'nowhere'])).toEqual([
      'NONE',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
    expect(await lastStable()).toBe(2);
    expect(await committedValues(client, topic)).toEqual([]);
    expect(await abort(producerEpoch - 1, [topic])).toEqual(['INVALID_PRODUCER_EPOCH']);
  });
});

describe('transaction.version', () => {
  const finalized = async () => {
    const response = await client.request(apiVersions, 4, {
      clientSoftwareName: 'test',
      clientSoftwareVersion: '1',
    });
    return response.finalizedFeatures.find(({ name }) => name === 'transaction.version')
      ?.maxVersionLevel;
  };
  const update = async (level: number, upgradeType: number, more = {}) => {
    const response = await client.request(updateFeatures, 2, {
      featureUpdates: [{ feature: 'transaction.version', maxVersionLevel: level, upgradeType }],
      validateOnly: false,
      ...more,
    });
    return response.errorMessage ?? nameOf(response.errorCode);
  };

  it('is 2 in a new cluster, goes down and up again, and transactions of all clients go on', async () => {
    expect(await finalized()).toBe(2);
    for (const level of [1, 0, 2]) {
      expect(await update(level, level === 2 ? 1 : 2)).toBe('NONE');
      expect(await finalized()).toBe(level === 0 ? undefined : level);
      for (const style of ['v1', 'v2'] as const) {
        const producer = await producerOf(style, `${style}-${level}`);
        expect(await producer.init()).toBe('NONE');
        expect(await producer.write(topic, [producer.transactionalId])).toBe('NONE');
        const open = producer.again();
        expect(await producer.end(true)).toBe('NONE');
        expect(await open.initWhenReady()).toBe('NONE');
        await open.write(topic, ['open']);
        expect(await open.again().initWhenReady()).toBe('NONE');
      }
    }
    expect(await committedValues(client, topic)).toEqual([
      'v1-1',
      'v2-1',
      'v1-0',
      'v2-0',
      'v1-2',
      'v2-2',
    ]);
  });

  it.each([true, false])(
    'goes down to 0 while a transaction is open, which then takes more partitions and ends (commit: %s)',
    async (isCommit) => {
      const producer = await began('v2');
      expect(await producer.write(topic, ['before'])).toBe('NONE');
      expect(await update(0, 2)).toBe('NONE');
      expect(await producer.write(topic, ['behind'])).toBe('NONE');
      expect(await producer.write(topic, ['elsewhere'], 1)).toBe('NONE');
      expect(await producer.end(isCommit)).toBe('NONE');
      expect(producer.producerEpoch).toBe(1);
      expect(await untilComplete(() => producer.write(topic, ['next']))).toBe('NONE');
      expect(await producer.end(true)).toBe('NONE');
      expect(await untilComplete(() => producer.init())).toBe('NONE');
      const kept = isCommit ? ['before', 'behind'] : [];
      expect(await committedValues(client, topic)).toEqual([...kept, 'next']);
      expect(await committedValues(client, topic, 1)).toEqual(isCommit ? ['elsewhere'] : []);
    },
  );

  const failed = 'The update failed for all features since the following feature had an error: ';
  const invalid = (level: number, feature: string, words: string) =>
    `${failed}Invalid update version ${level} for feature ${feature}. ${words}`;

  it.each([
    [
      0,
      1,
      "Can't downgrade the version of this feature without setting the upgrade type to either safe " +
        'or unsafe downgrade.',
    ],
    [3, 1, 'Local controller 1 only supports versions 0-2'],
    [-1, 1, 'A feature version cannot be less than 0.'],
    [2, 0, 'The controller does not support the given upgrade type.'],
  ])('to %d by way of %d is refused as Kafka words it', async (level, upgradeType, words) => {
    expect(await update(level, upgradeType)).toBe(invalid(level, 'transaction.version', words));
    expect(await finalized()).toBe(2);
  });

  it('changes nothing when it is only to be validated, or when another feature is refused', async () => {
    expect(await update(0, 2, { validateOnly: true })).toBe('NONE');
    const both = [
      { feature: 'transaction.version', maxVersionLevel: 0, upgradeType: 2 },
      { feature: 'share.version', maxVersionLevel: 1, upgradeType: 1 },
    ];
    expect(await update(0, 2, { featureUpdates: both })).toBe(
      invalid(1, 'share.version', 'Local controller 1 does not support this feature.'),
    );
    expect(await finalized()).toBe(2);
  });

  it('v0 and v1 give every feature a result', async () => {
    for (const version of [0, 1]) {
      const response = await client.request(updateFeatures, version, {
        featureUpdates: [{ feature: 'transaction.version', maxVersionLevel: 2 }],
      });
      expect(response).toMatchObject({
        errorCode: 0,
        results: [{ feature: 'transaction.version', errorCode: 0 }],
      });
    }
  });
});

it('a topic that is deleted with an open transaction in it does not keep it from completing', async () => {
  const producer = await began('v2');
  await createTopic(client, 'doomed');
  await producer.write('doomed', ['a']);
  await producer.write(topic, ['b']);
  await client.request(deleteTopics, 5, { topicNames: ['doomed'], timeoutMs: 1_000 });
  expect(await producer.end(true)).toBe('NONE');
  expect(await untilComplete(() => producer.init())).toBe('NONE');
  expect(await committedValues(client, topic)).toEqual(['b']);
});
