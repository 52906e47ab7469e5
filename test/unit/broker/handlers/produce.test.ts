import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Deadlines } from '../../../../src/broker/deadlines.ts';
import type { RequestContext } from '../../../../src/broker/handler.ts';
import { listOffsetsHandler } from '../../../../src/broker/handlers/list-offsets.ts';
import { produceHandler } from '../../../../src/broker/handlers/produce.ts';
import { emptyImage } from '../../../../src/broker/catalog/image.ts';
import { LedPartition } from '../../../../src/broker/replica/led-partition.ts';
import type { LedPartitions } from '../../../../src/broker/replica/led-partitions.ts';
import { silentLogger } from '../../../../src/host/logger.ts';
import { errorCodes } from '../../../../src/protocol/error-codes.ts';
import { zeroUuid } from '../../../../src/protocol/uuid.ts';
import type { ProduceRequest } from '../../../../src/protocol/messages/produce.ts';
import { Commit } from '../../../../src/storage/commit.ts';
import { LargeBatches } from '../../../../src/storage/large-batches.ts';
import type { PartitionLog } from '../../../../src/storage/partition-log.ts';
import { TakesLong } from '../../../../src/storage/takes-long.ts';
import { StorageFailure, type FailureKind } from '../../../../src/storage/storage-failure.ts';
import { answerOf } from '../../../support/answer-of.ts';
import { FakeLog } from '../../../support/fake-log.ts';
import { logSettings } from '../../../support/log-settings.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { batchOf, rangeOf } from '../../../support/requests.ts';

const image = {
  replicas: [1, 2],
  isr: [1, 2],
  addingReplicas: [],
  removingReplicas: [],
  directories: [],
  leader: 1,
  leaderEpoch: 4,
  partitionEpoch: 0,
};

let clock: ManualClock;
let log: FakeLog;
let led: LedPartition;
let partitions: LedPartitions;
let largeBatches: LargeBatches;

beforeEach(() => {
  clock = new ManualClock(Date.now()); // as the batches have it
  log = new FakeLog();
  const settings = { log: logSettings(), minInsyncReplicas: 2 };
  led = new LedPartition('id', 'orders', 0, log, image, settings, () => undefined);
  largeBatches = new LargeBatches(clock, () => undefined);
  partitions = { lead: () => led, opening: () => undefined } as unknown as LedPartitions;
});

const context = {
  apiVersion: 11,
  clientId: 'test',
  image: emptyImage('cluster'),
  listener: 'PLAINTEXT',
  releaseRequest: () => undefined,
} as unknown as RequestContext;

async function answerTo(acks = -1, timeoutMs = 1_000) {
  const handler = produceHandler({
    partitions,
    deadlines: new Deadlines(clock),
    logger: silentLogger,
    verifier: undefined as never,
    largeBatches,
  });
  const request: ProduceRequest = {
    transactionalId: null,
    acks,
    timeoutMs,
    topicData: [
      {
        name: 'orders',
        topicId: zeroUuid,
        partitionData: [{ index: 0, records: rangeOf(batchOf(['a'])) }],
      },
    ],
  };
  const response = await answerOf(handler, request, context);
  return response?.responses[0]?.partitionResponses[0];
}

describe('a batch that was appended', () => {
  it('is answered when it is committed, not before', async () => {
    log.commit = new Commit();
    let isAnswered = false;
    const answer = answerTo().finally(() => (isAnswered = true));
    await clock.advance(500);
    expect(isAnswered).toBe(false);
    log.commit.settle();
    expect(await answer).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(clock.pendingTimers).toBeLessThanOrEqual(1);
  });

  it('row 62: and not committed in time is REQUEST_TIMED_OUT, and stays', async () => {
    log.commit = new Commit();
    const answer = answerTo(-1, 1_000);
    await clock.advance(1_000);
    expect(await answer).toMatchObject({ errorCode: errorCodes.REQUEST_TIMED_OUT, baseOffset: -1 });
    expect(log.appended).toBe(1);
  });

  it('row 52: is NOT_ENOUGH_REPLICAS_AFTER_APPEND when replicas were lost meanwhile', async () => {
    log.commit = new Commit();
    const answer = answerTo();
    led.updateImage({ ...image, isr: [1] });
    log.commit.settle();
    const code = errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND;
    expect(await answer).toMatchObject({ errorCode: code });
  });

  it('row 52: is refused before when too few replicas are in sync', async () => {
    led.updateImage({ ...image, isr: [1] });
    expect(await answerTo()).toMatchObject({ errorCode: errorCodes.NOT_ENOUGH_REPLICAS });
    expect(log.appended).toBe(0);
    expect(await answerTo(1)).toMatchObject({ errorCode: 0 });
  });

  it.each<[FailureKind, number]>([
    ['Fenced', errorCodes.NOT_LEADER_OR_FOLLOWER],
    ['NotCommitted', errorCodes.KAFKA_STORAGE_ERROR],
    ['OutcomeUnknown', errorCodes.REQUEST_TIMED_OUT],
  ])('and ends %s is told so', async (kind, errorCode) => {
    log.commit = new Commit();
    const answer = answerTo();
    log.commit.settle(new StorageFailure(kind, 'as the test wants it'));
    expect(await answer).toMatchObject({ errorCode, baseOffset: -1 });
  });

  it('is answered at once where it was committed before', async () => {
    expect(await answerTo()).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('row 2: and fails with acks=0 costs the connection', async () => {
    log.commit = new Commit();
    log.commit.settle(new StorageFailure('NotCommitted', 'no space left'));
    await expect(answerTo(0)).rejects.toThrow('acks=0');
  });
});

describe('a batch that takes long to look at', () => {
  let append: jest.Mock<PartitionLog['append']>;

  beforeEach(() => {
    const appended = log.append.bind(log);
    append = jest.fn((_batch, options) => {
      if (options.isAccepted !== true) throw new TakesLong('as the test wants it');
      return appended();
    });
    log.append = append as unknown as typeof log.append;
  });

  it('is appended when that was done elsewhere', async () => {
    expect(await answerTo()).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(append).toHaveBeenCalledTimes(2);
  });

  it('is not appended when the leadership ended meanwhile', async () => {
    const answer = answerTo();
    const settings = { log: logSettings(), minInsyncReplicas: 2 };
    led = new LedPartition('id', 'orders', 0, log, image, settings, () => undefined);
    expect(await answer).toMatchObject({ errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER });
    expect(append).toHaveBeenCalledTimes(1);
  });

  it('is refused for what is wrong with it', async () => {
    led.updateSettings({ log: logSettings({ cleanupCompact: true }), minInsyncReplicas: 2 });
    const answer = await answerTo();
    expect(answer).toMatchObject({ errorCode: errorCodes.INVALID_RECORD, baseOffset: -1 });
    expect(answer?.recordErrors).toMatchObject([{ batchIndex: 0 }]);
    expect(append).toHaveBeenCalledTimes(1);
  });

  it('is UNKNOWN_SERVER_ERROR when nobody can look at it any more', async () => {
    largeBatches.close();
    expect(await answerTo()).toMatchObject({ errorCode: errorCodes.UNKNOWN_SERVER_ERROR });
  });
});

describe('row 92: a new leader that does not know its end yet', () => {
  it.each([
    [5, errorCodes.OFFSET_NOT_AVAILABLE],
    [4, errorCodes.LEADER_NOT_AVAILABLE],
  ])('says so at version %i', async (apiVersion, errorCode) => {
    log.logEndOffset = 10;
    log.highWatermark = 7;
    const settings = { log: logSettings(), minInsyncReplicas: 1 };
    led = new LedPartition('id', 'orders', 0, log, image, settings, () => undefined);
    const handler = listOffsetsHandler({ partitions, logger: silentLogger });
    const partition = { partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 };
    const request = {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 'orders', partitions: [partition] }],
      timeoutMs: 0,
    };
    const response = await answerOf(handler, request, { ...context, apiVersion });
    expect(response?.topics[0]?.partitions[0]).toMatchObject({ errorCode });
  });
});
