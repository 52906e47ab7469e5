import type { OffsetCommit, TopicResult } from '../../coordination/decide-offsets.ts';
import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import type { AppendOptions } from '../../storage/partition-log.ts';
import { errorCodes, type ErrorCode, type ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import {
  txnOffsetCommit,
  type TxnOffsetCommitRequest,
} from '../../protocol/messages/txn-offset-commit.ts';
import { zeroUuid } from '../../protocol/uuid.ts';
import { offsetsTopic } from '../catalog/topic-name.ts';
import { defineHandler } from '../handler.ts';
import type { LedPartitions } from '../replica/led-partitions.ts';
import type { ClientKind, PartitionVerifier } from '../transactions/verification.ts';
import { merged, refusedCommit, sortOut } from './offset-commit.ts';

export interface TxnOffsetCommitParts {
  readonly groups: GroupCoordinator;
  readonly partitions: LedPartitions;
  readonly verifier: PartitionVerifier;
}

/** First version in which a loading coordinator does not crash the client (KAFKA-7296). */
const loadingSince = 2;
const abortableSince = 4;
/** Adds the group's partition to the transaction by itself (KIP-890). */
const addsSince = 5;

/** TxnOffsetCommit: offsets that count once their transaction commits. */
export const txnOffsetCommitHandler = (parts: TxnOffsetCommitParts) =>
  defineHandler(txnOffsetCommit, {
    async answer(request, { apiVersion, image }) {
      const topics = request.topics.map((topic) => ({ ...topic, topicId: zeroUuid }));
      const { existing, unknown } = sortOut(topics, false, image);
      const results =
        existing.length === 0 ? [] : await commitOrRefuse(parts, request, existing, apiVersion);
      return {
        throttleTimeMs: 0,
        topics: merged(unknown, results).map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partition, error }) => ({
            partitionIndex: partition,
            errorCode: codeFor(error, apiVersion),
          })),
        })),
      };
    },
    refuse: (errorCode, _message, { topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    }),
  });

async function commitOrRefuse(
  parts: TxnOffsetCommitParts,
  request: TxnOffsetCommitRequest,
  existing: OffsetCommit['topics'],
  apiVersion: number,
): Promise<readonly TopicResult[]> {
  const { groupId, generationId, memberId, groupInstanceId, producerId, producerEpoch } = request;
  // Records of a transaction name no topic by its id.
  const topics = existing.map((topic) => ({ ...topic, topicId: zeroUuid }));
  const commit: OffsetCommit = {
    groupId,
    generationId,
    memberId,
    groupInstanceId,
    retentionTimeMs: -1,
    takesGroupIdNotFound: false,
    isTransactional: true,
    topics,
  };
  try {
    if (groupId === '') throw new KafkaError('INVALID_GROUP_ID', 'the group id is empty');
    const verification = await verified(parts, request, apiVersion);
    const transaction = { producerId, producerEpoch, verification };
    return await parts.groups.commitInTransaction(commit, transaction);
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    return refusedCommit(commit, groupErrors[error.code] ?? error.code);
  }
}

/** What the partition or the coordinator of the transaction says, as clients of a group know it. */
const groupErrors: Partial<Record<ErrorName, ErrorName>> = {
  NETWORK_EXCEPTION: 'COORDINATOR_LOAD_IN_PROGRESS',
  UNKNOWN_TOPIC_OR_PARTITION: 'COORDINATOR_NOT_AVAILABLE',
  NOT_LEADER_OR_FOLLOWER: 'NOT_COORDINATOR',
  KAFKA_STORAGE_ERROR: 'NOT_COORDINATOR',
  NOT_ENOUGH_REPLICAS: 'COORDINATOR_NOT_AVAILABLE',
  REQUEST_TIMED_OUT: 'COORDINATOR_NOT_AVAILABLE',
};

/** @throws {KafkaError} why the transaction must not write here */
async function verified(
  { groups, partitions, verifier }: TxnOffsetCommitParts,
  { groupId, transactionalId, producerId, producerEpoch }: TxnOffsetCommitRequest,
  apiVersion: number,
): Promise<AppendOptions['verification']> {
  const partition = groups.partitionFor(groupId);
  await partitions.opening(offsetsTopic, partition);
  const led = partitions.lead(offsetsTopic, partition);
  const outcome = await verifier.verify({
    transactionalId,
    producerId,
    producerEpoch,
    kind: clientKind(apiVersion),
    partitions: [{ led, baseSequence: -1 }],
  });
  const verification = outcome.get(led);
  if (verification instanceof KafkaError) throw verification;
  return verification;
}

function clientKind(apiVersion: number): ClientKind {
  if (apiVersion >= addsSince) return 'adding';
  return apiVersion >= abortableSince ? 'abortable' : 'plain';
}

function codeFor(error: ErrorName, apiVersion: number): ErrorCode {
  const isUnknown = error === 'COORDINATOR_LOAD_IN_PROGRESS' && apiVersion < loadingSince;
  return errorCodes[isUnknown ? 'COORDINATOR_NOT_AVAILABLE' : error];
}
