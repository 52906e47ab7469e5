import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import { partitionSet } from '../../coordination/transactions/transaction.ts';
import type { TransactionCoordinator } from '../../coordination/transactions/transaction-coordinator.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { addOffsetsToTxn } from '../../protocol/messages/add-offsets-to-txn.ts';
import { offsetsTopic } from '../catalog/topic-name.ts';
import { defineHandler } from '../handler.ts';
import { fencedFor } from '../transactions/fenced-for.ts';

/** First version that knows PRODUCER_FENCED. */
const fencedSince = 2;

/** AddOffsetsToTxn: the partition that a group's offsets are in becomes part of the transaction. */
export const addOffsetsToTxnHandler = (parts: {
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
}) =>
  defineHandler(addOffsetsToTxn, {
    async answer({ transactionalId, producerId, producerEpoch, groupId }) {
      const partition = parts.groups.partitionFor(groupId);
      await parts.transactions.addPartitions({
        transactionalId,
        producerId,
        producerEpoch,
        partitions: partitionSet([{ topic: offsetsTopic, partition }]),
        clientVersion: 0,
      });
      return { throttleTimeMs: 0, errorCode: errorCodes.NONE };
    },
    refuse: (errorCode, _message, _request, { apiVersion }) => ({
      throttleTimeMs: 0,
      errorCode: fencedFor(errorCode, apiVersion, fencedSince),
    }),
  });
