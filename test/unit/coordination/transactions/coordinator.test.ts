import { describe, expect, it } from '@jest/globals';
import type {
  AddOrVerify,
  PartitionOutcome,
  PeerClient,
  TransactionMarker,
} from '../../../../src/coordination/transactions/peer-client.ts';
import type {
  PartitionSet,
  TransactionVersion,
} from '../../../../src/coordination/transactions/transaction.ts';
import { partitionSet } from '../../../../src/coordination/transactions/transaction.ts';
import { TransactionCoordinator } from '../../../../src/coordination/transactions/transaction-coordinator.ts';
import type { TransactionLog } from '../../../../src/coordination/transactions/transaction-log.ts';
import type { TransactionSettings } from '../../../../src/coordination/transactions/transaction-partition.ts';
import type { TransactionRecord } from '../../../../src/coordination/transactions/transaction-record.ts';
import {
  readTransactionRecord,
  writeTransactionRecord,
} from '../../../../src/coordination/transactions/transaction-record.ts';
import { silentLogger } from '../../../../src/host/logger.ts';
import type { ErrorName } from '../../../../src/protocol/error-codes.ts';
import { KafkaError } from '../../../../src/protocol/kafka-error.ts';
import { ManualClock, settle } from '../../../support/manual-clock.ts';
import { init, orders } from './transaction-fixture.ts';

/** A log in memory that keeps bytes, so that every test goes through Kafka's record format. */
class MemoryTransactionLog implements TransactionLog {
  readonly written: { key: Buffer; value: Buffer | null }[] = [];
  failure: ErrorName | undefined;
  gate: Promise<void> | undefined;

  async append(records: readonly TransactionRecord[], version: TransactionVersion): Promise<void> {
    if (this.failure) throw new KafkaError(this.failure);
    await this.gate;
    this.written.push(...records.map((record) => writeTransactionRecord(record, version)));
  }

  async replay(onRecord: (record: TransactionRecord) => void): Promise<void> {
    await this.gate;
    for (const { key, value } of this.written) {
      const record = readTransactionRecord(key, value);
      if (record) onRecord(record);
    }
  }

  get states(): (string | undefined)[] {
    return this.written.map(
      ({ key, value }) => readTransactionRecord(key, value)?.transaction?.state,
    );
  }
}

interface Sent extends TransactionMarker {
  readonly leader: number;
  readonly partitions: readonly string[];
}

/** Leaders that write every marker, unless a test answers for them. */
class FakePeers implements PeerClient {
  readonly sent: Sent[] = [];
  answer: (partition: string, attempt: number) => ErrorName | 'silence' = () => 'NONE';
  /** Set: answers wait for it. */
  gate: Promise<void> | undefined;

  async writeMarker(leader: number, marker: TransactionMarker, partitions: PartitionSet) {
    await this.gate;
    this.sent.push({ ...marker, leader, partitions: [...partitions.keys()] });
    const outcomes: PartitionOutcome[] = [];
    for (const [key, partition] of partitions) {
      const error = this.answer(key, this.sent.length);
      if (error === 'silence') throw new Error('nobody answers');
      outcomes.push({ ...partition, error });
    }
    return outcomes;
  }

  addPartitions(_: number, request: AddOrVerify): Promise<readonly PartitionOutcome[]> {
    throw new Error(`a coordinator does not ask about ${request.transactionalId}`);
  }
}

class Fixture {
  readonly clock: ManualClock;
  readonly log: MemoryTransactionLog;
  readonly peers = new FakePeers();
  readonly leaders = new Map<string, number>([
    ['orders-0', 1],
    ['orders-1', 2],
    ['__consumer_offsets-3', 1],
  ]);
  readonly coordinator: TransactionCoordinator;
  settings: TransactionSettings = {
    stateTopicPartitions: 1,
    maxTimeoutMs: 900_000,
    idExpirationMs: 604_800_000,
    timeoutCheckMs: 10_000,
    expiryCheckMs: 3_600_000,
    version: 2,
  };
  private nextProducerId = 1_000;
  /** Whether the log is being opened. */
  isOpening = false;

  constructor(version: TransactionVersion = 2, before?: Fixture) {
    this.clock = before?.clock ?? new ManualClock();
    this.log = before?.log ?? new MemoryTransactionLog();
    this.settings = { ...this.settings, version };
    this.coordinator = new TransactionCoordinator({
      clock: this.clock,
      logger: silentLogger,
      producerIds: { take: () => Promise.resolve(this.nextProducerId++) },
      settings: () => this.settings,
      isOpening: () => this.isOpening,
      peers: this.peers,
      leaders: { leaderOf: ({ topic, partition }) => this.leaders.get(`${topic}-${partition}`) },
    });
  }

  static async started(version: TransactionVersion = 2): Promise<Fixture> {
    const fixture = new Fixture(version);
    await fixture.coordinator.lead(0, fixture.log, 4);
    return fixture;
  }

  /** The broker dies and another one leads. */
  async restarted(): Promise<Fixture> {
    this.coordinator.close();
    const next = new Fixture(this.settings.version, this);
    await next.coordinator.lead(0, next.log, 5);
    return next;
  }

  init(more = {}) {
    return this.coordinator.init(init(more));
  }

  add(producerEpoch: number, partitions = [orders(0), orders(1)], producerId = 1_000) {
    return this.coordinator.addPartitions({
      transactionalId: 'tx',
      producerId,
      producerEpoch,
      partitions: partitionSet(partitions),
      clientVersion: this.settings.version,
    });
  }

  end(producerEpoch: number, isCommit = true, producerId = 1_000) {
    const { version: clientVersion } = this.settings;
    return this.coordinator.end({
      transactionalId: 'tx',
      producerId,
      producerEpoch,
      isCommit,
      clientVersion,
    });
  }

  get state() {
    return this.coordinator.describe('tx').state;
  }
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'NONE';
  } catch (error) {
    if (error instanceof KafkaError) return error.code;
    throw error;
  }
}

describe('a transaction', () => {
  it('row 147: the end is answered once it is decided, and markers go to every leader', async () => {
    const fixture = await Fixture.started();
    await fixture.init();
    await fixture.add(0);
    let open = (): void => undefined;
    fixture.peers.gate = new Promise((resolve) => (open = resolve));
    expect(await fixture.end(0)).toEqual({ producerId: 1_000, producerEpoch: 1 });
    expect(fixture.log.states).toEqual(['Empty', 'Ongoing', 'PrepareCommit']);
    open();
    await settle();
    expect(fixture.log.states.at(-1)).toBe('CompleteCommit');
    const marker = {
      producerId: 1_000,
      producerEpoch: 1,
      coordinatorEpoch: 4,
      isCommit: true,
      transactionVersion: 2,
    };
    expect(fixture.peers.sent).toEqual([
      { ...marker, leader: 1, partitions: ['orders-0'] },
      { ...marker, leader: 2, partitions: ['orders-1'] },
    ]);
    fixture.coordinator.close();
  });

  it('row 147: until all markers are written, everybody hears 51', async () => {
    const fixture = await Fixture.started();
    await fixture.init();
    await fixture.add(0);
    fixture.peers.answer = () => 'NOT_LEADER_OR_FOLLOWER';
    await fixture.end(0);
    await fixture.clock.advance(5_000);
    expect(await codeOf(fixture.add(1))).toBe('CONCURRENT_TRANSACTIONS');
    expect(await codeOf(fixture.end(1))).toBe('CONCURRENT_TRANSACTIONS');
    expect(await codeOf(fixture.init())).toBe('CONCURRENT_TRANSACTIONS');
    fixture.peers.answer = () => 'NONE';
    await fixture.clock.advance(1_000);
    expect(await codeOf(fixture.add(1))).toBe('NONE');
    fixture.coordinator.close();
  });

  it.each([
    ['NOT_LEADER_OR_FOLLOWER'],
    ['UNKNOWN_TOPIC_OR_PARTITION'],
    ['NOT_ENOUGH_REPLICAS'],
    ['KAFKA_STORAGE_ERROR'],
    ['silence'],
  ] as const)(
    'a marker that is answered with %s is sent again, to where the leader is',
    async (no) => {
      const fixture = await Fixture.started();
      await fixture.init();
      await fixture.add(0);
      fixture.peers.answer = (key, attempt) => (key === 'orders-1' && attempt < 5 ? no : 'NONE');
      await fixture.end(0, false);
      await settle();
      fixture.leaders.set('orders-1', 3);
      await fixture.clock.advance(5_000);
      expect(fixture.state).toBe('CompleteAbort');
      const again = fixture.peers.sent.slice(2);
      expect(again.length).toBeGreaterThan(1);
      expect(again.every(({ leader, partitions }) => leader === 3 && partitions.length === 1)).toBe(
        true,
      );
      fixture.coordinator.close();
    },
  );

  it('a partition that was deleted needs no marker, one without a leader waits for one', async () => {
    const fixture = await Fixture.started();
    await fixture.init();
    await fixture.add(0);
    fixture.leaders.delete('orders-0');
    fixture.leaders.set('orders-1', -1);
    await fixture.end(0);
    await fixture.clock.advance(2_000);
    expect([fixture.state, fixture.peers.sent]).toEqual(['PrepareCommit', []]);
    fixture.leaders.set('orders-1', 2);
    await fixture.clock.advance(2_000);
    expect(fixture.state).toBe('CompleteCommit');
    expect(fixture.peers.sent.map(({ partitions }) => partitions)).toEqual([['orders-1']]);
    fixture.coordinator.close();
  });

  it.each(['INVALID_PRODUCER_EPOCH', 'TRANSACTION_COORDINATOR_FENCED'] as const)(
    'a marker that came too late (%s) is not sent again',
    async (error) => {
      const fixture = await Fixture.started();
      await fixture.init();
      await fixture.add(0);
      fixture.peers.answer = () => error;
      await fixture.end(0);
      await settle();
      expect([fixture.state, fixture.peers.sent.length]).toEqual(['CompleteCommit', 2]);
      fixture.coordinator.close();
    },
  );

  it('commands of an id take turns: what comes second sees what the first decided', async () => {
    const fixture = await Fixture.started();
    await fixture.init();
    await fixture.add(0);
    let open = (): void => undefined;
    fixture.log.gate = new Promise((resolve) => (open = resolve));
    const committed = codeOf(fixture.end(0));
    const aborted = codeOf(fixture.end(0, false));
    open();
    expect([await committed, await aborted]).toEqual(['NONE', 'CONCURRENT_TRANSACTIONS']);
    await settle();
    expect(fixture.state).toBe('CompleteCommit');
    fixture.coordinator.close();
  });

  it('what cannot be written did not happen', async () => {
    const fixture = await Fixture.started();
    await fixture.init();
    fixture.log.failure = 'COORDINATOR_NOT_AVAILABLE';
    expect(await codeOf(fixture.add(0))).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(fixture.state).toBe('Empty');
    fixture.log.failure = undefined;
    expect(await codeOf(fixture.add(0))).toBe('NONE');
    fixture.coordinator.close();
  });

  it('a completion that cannot be written is tried again', async () => {
    const fixture = await Fixture.started();
    await fixture.init();
    await fixture.add(0);
    let open = (): void => undefined;
    const { log } = fixture;
    fixture.peers.gate = new Promise((resolve) => (open = resolve));
    await fixture.end(0);
    log.failure = 'COORDINATOR_NOT_AVAILABLE';
    open();
    await fixture.clock.advance(1_000);
    expect(fixture.state).toBe('PrepareCommit');
    log.failure = undefined;
    await fixture.clock.advance(1_000);
    expect(fixture.state).toBe('CompleteCommit');
    fixture.coordinator.close();
  });
});

describe('a restart', () => {
  it.each([true, false])('completes what was decided (commit %s)', async (isCommit) => {
    const fixture = await Fixture.started();
    await fixture.init();
    await fixture.add(0);
    fixture.peers.answer = () => 'silence';
    await fixture.end(0, isCommit);
    await settle();
    const next = await fixture.restarted();
    await settle();
    expect(next.state).toBe(isCommit ? 'CompleteCommit' : 'CompleteAbort');
    expect(next.peers.sent).toHaveLength(2);
    for (const marker of next.peers.sent) {
      expect(marker).toMatchObject({ coordinatorEpoch: 5, producerEpoch: 1, isCommit });
    }
    // The one before has given up.
    const sentBefore = fixture.peers.sent.length;
    await next.clock.advance(60_000);
    expect(fixture.peers.sent).toHaveLength(sentBefore);
    next.coordinator.close();
  });

  it('knows everything else that was written', async () => {
    const fixture = await Fixture.started();
    await fixture.init({ timeoutMs: 7_000 });
    await fixture.add(0, [orders(0), { topic: '__consumer_offsets', partition: 3 }]);
    const before = fixture.coordinator.describe('tx');
    const next = await fixture.restarted();
    expect(next.coordinator.describe('tx')).toEqual(before);
    await next.clock.advance(20_000);
    expect(next.state).toBe('CompleteAbort'); // timed out: deadlines go on from where they were
    next.coordinator.close();
  });

  it('while it reads, it says so; where it does not lead, too', async () => {
    const fixture = new Fixture();
    let open = (): void => undefined;
    fixture.log.gate = new Promise((resolve) => (open = resolve));
    expect(await codeOf(fixture.init())).toBe('NOT_COORDINATOR');
    fixture.isOpening = true;
    expect(await codeOf(fixture.init())).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    fixture.isOpening = false;
    const led = fixture.coordinator.lead(0, fixture.log, 4);
    expect(await codeOf(fixture.init())).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    expect(await codeOf(fixture.end(0))).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    open();
    await led;
    expect(await codeOf(fixture.init())).toBe('NONE');
    fixture.coordinator.onResignation(0);
    expect(await codeOf(fixture.end(0))).toBe('NOT_COORDINATOR');
    expect(fixture.clock.pendingTimers).toBe(0);
  });

  it('a log that cannot be read is told to who began the leadership, and read at the next one', async () => {
    const fixture = await Fixture.started();
    await fixture.init();
    const unreadable: TransactionLog = {
      append: () => Promise.resolve(),
      replay: () => Promise.reject(new Error('EIO')),
    };
    await expect(fixture.coordinator.lead(0, unreadable, 5)).rejects.toThrow('EIO');
    expect(await codeOf(fixture.end(0))).toBe('NOT_COORDINATOR');
    await fixture.coordinator.lead(0, fixture.log, 6);
    expect(fixture.state).toBe('Empty');
    fixture.coordinator.close();
  });

  it('a leadership that ends while a record is written answers NOT_COORDINATOR', async () => {
    const fixture = await Fixture.started();
    await fixture.init();
    let open = (): void => undefined;
    fixture.log.gate = new Promise((resolve) => (open = resolve));
    const added = codeOf(fixture.add(0));
    await settle(1);
    fixture.coordinator.onResignation(0);
    open();
    expect(await added).toBe('NOT_COORDINATOR');
  });
});

describe('time', () => {
  it.each([0, 2] as const)(
    'row 150: what takes too long is aborted, looked at every 10 s (version %d)',
    async (version) => {
      const fixture = await Fixture.started(version);
      await fixture.init({ timeoutMs: 12_000 });
      await fixture.add(0);
      await fixture.clock.advance(19_999);
      expect(fixture.state).toBe('Ongoing');
      await fixture.clock.advance(1);
      expect(fixture.state).toBe('CompleteAbort');
      expect(fixture.peers.sent[0]).toMatchObject({ isCommit: false, producerEpoch: 1 });
      expect(await codeOf(fixture.add(0))).toBe('PRODUCER_FENCED');
      // With KIP-890 an abort brings the producer back; without it, it is fenced.
      expect(await codeOf(fixture.end(0, false))).toBe(version === 2 ? 'NONE' : 'PRODUCER_FENCED');
      fixture.coordinator.close();
    },
  );

  it('row 153: an id that nobody used for a week is forgotten, in the log too', async () => {
    const fixture = await Fixture.started();
    await fixture.init();
    await fixture.clock.advance(604_800_000 - 1);
    expect(fixture.state).toBe('Empty');
    await fixture.clock.advance(3_600_000);
    expect(() => fixture.coordinator.describe('tx')).toThrow('nobody knows tx');
    expect(await codeOf(fixture.add(0))).toBe('INVALID_PRODUCER_ID_MAPPING');
    const next = await fixture.restarted();
    expect(() => next.coordinator.describe('tx')).toThrow('nobody knows tx');
    next.coordinator.close();
  });
});

describe('telling of transactions', () => {
  const started = async () => {
    const fixture = await Fixture.started();
    for (const transactionalId of ['a-1', 'a-2', 'b']) await fixture.init({ transactionalId });
    await fixture.coordinator.addPartitions({
      transactionalId: 'a-2',
      producerId: 1_001,
      producerEpoch: 0,
      partitions: partitionSet([orders()]),
      clientVersion: 2,
    });
    await fixture.clock.advance(5_000);
    return fixture;
  };
  const all = { states: [], producerIds: [], longerThanMs: undefined, idPattern: undefined };

  it.each([
    [{}, ['a-1', 'a-2', 'b']],
    [{ states: ['Ongoing'] }, ['a-2']],
    [{ states: ['Ongoing', 'Empty'] }, ['a-1', 'a-2', 'b']],
    [{ states: ['Dead'] }, []],
    [{ producerIds: [1_000, 1_002] }, ['a-1', 'b']],
    [{ states: ['Ongoing'], longerThanMs: 4_999 }, ['a-2']],
    [{ states: ['Ongoing'], longerThanMs: 5_000 }, []],
    [{ idPattern: 'a-.*' }, ['a-1', 'a-2']],
    [{ idPattern: 'a' }, []],
  ])('row 154: filter %j', async (filter, ids) => {
    const { coordinator } = await started();
    const listed = await coordinator.list({ ...all, ...filter });
    expect(listed.map(({ transactionalId }) => transactionalId)).toEqual(ids);
    coordinator.close();
  });

  it('row 154: a pattern that is none is refused', async () => {
    const { coordinator } = await started();
    await expect(coordinator.list({ ...all, idPattern: '(' })).rejects.toThrow(
      'Transaction ID pattern `(` is not a valid regular expression',
    );
    coordinator.close();
  });

  it('row 154: a pattern that would keep a backtracking engine busy for ever is answered', async () => {
    const fixture = await started();
    const { coordinator } = fixture;
    const transactionalId = `${'a'.repeat(200)}b`;
    await fixture.init({ transactionalId });
    const listed = await coordinator.list({ ...all, idPattern: '(a+)+c|(a|aa)+b' });
    expect(listed.map((each) => each.transactionalId)).toEqual([transactionalId]);
    coordinator.close();
  });
});
