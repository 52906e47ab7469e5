import { expect, it, test } from '@jest/globals';
import { describeQuorumHandler } from '../../../../src/broker/handlers/describe-quorum.ts';
import { errorName } from '../../../../src/protocol/error-codes.ts';
import { describeQuorum } from '../../../../src/protocol/messages/describe-quorum.ts';
import { zeroUuid } from '../../../../src/protocol/uuid.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { exchange, startedCluster, versionsOf } from '../../../support/test-cluster.ts';

const quorumOf = (topicName: string, partitionIndex = 0): object => ({
  topics: [{ topicName, partitions: [{ partitionIndex }] }],
});
const metadataQuorum = {
  topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
};

test.each(versionsOf(describeQuorum))('v%d tells a quorum of one voter', async (version) => {
  const catalog = await startedCluster(2);
  const clock = new ManualClock();
  const handler = describeQuorumHandler(1, clock);
  const response = await exchange(handler, catalog, version, metadataQuorum);
  const logEndOffset = catalog.image.offset + 1;
  const [partition] = response.topics[0]!.partitions;
  expect(partition).toMatchObject({
    errorCode: 0,
    leaderId: 1,
    leaderEpoch: catalog.image.epoch,
    highWatermark: logEndOffset,
    currentVoters: [{ replicaId: 1, logEndOffset }],
    observers: [{ replicaId: 2, logEndOffset }],
  });
  const [voter] = partition!.currentVoters;
  expect(voter?.lastCaughtUpTimestamp).toBe(version >= 1 ? clock.wallMs() : -1);
  expect(voter?.replicaDirectoryId).toBe(zeroUuid);
  expect(response.nodes).toEqual(
    version < 2
      ? []
      : [{ nodeId: 1, listeners: [{ name: 'CONTROLLER', host: '127.0.0.1', port: 9001 }] }],
  );
});

it.each([
  ['t', 0],
  ['__cluster_metadata', 1],
])('row 45: %s-%d is no quorum', async (topicName, partitionIndex) => {
  const catalog = await startedCluster();
  const handler = describeQuorumHandler(1, new ManualClock());
  const request = quorumOf(topicName, partitionIndex) as typeof metadataQuorum;
  const response = await exchange(handler, catalog, 2, request);
  expect(response.errorCode).toBe(0);
  const [partition] = response.topics[0]!.partitions;
  expect(errorName(partition!.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  expect(partition!.partitionIndex).toBe(partitionIndex);
});
