import { expect } from '@jest/globals';
import { addOffsetsToTxn } from '../../../src/protocol/messages/add-offsets-to-txn.ts';
import { addPartitionsToTxn } from '../../../src/protocol/messages/add-partitions-to-txn.ts';
import { endTxn } from '../../../src/protocol/messages/end-txn.ts';
import { findCoordinator } from '../../../src/protocol/messages/find-coordinator.ts';
import { initProducerId } from '../../../src/protocol/messages/init-producer-id.ts';
import { txnOffsetCommit } from '../../../src/protocol/messages/txn-offset-commit.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { batchOf, produceBatch } from '../../support/requests.ts';
import { until } from './kafkajs-client.ts';

/** Longer than any test: what is left open stays open. */
const timeoutMs = 900_000;
/** FindCoordinator: the key is a transactional id. Asking for it makes `__transaction_state`. */
const transactionKey = 1;

/** A transactional producer, which may outlive the broker that it began on. */
export class TransactionalProducer {
  private sequence = 0;

  private constructor(
    private readonly transactionalId: string,
    private readonly producerId: number,
    private readonly producerEpoch: number,
  ) {}

  static async begin(client: RawClient, transactionalId: string): Promise<TransactionalProducer> {
    let producer: TransactionalProducer | undefined;
    await until(`${transactionalId} has its coordinator`, async () => {
      await client.request(findCoordinator, 4, {
        keyType: transactionKey,
        coordinatorKeys: [transactionalId],
      });
      const { errorCode, producerId, producerEpoch } = await client.request(initProducerId, 4, {
        transactionalId,
        transactionTimeoutMs: timeoutMs,
        producerId: -1,
        producerEpoch: -1,
      });
      if (errorCode !== 0) return false;
      producer = new TransactionalProducer(transactionalId, producerId, producerEpoch);
      return true;
    });
    return producer!;
  }

  /** Writes in a transaction, which begins with it if there is none. */
  async write(client: RawClient, topic: string, values: readonly string[]): Promise<void> {
    const { transactionalId, producerId, producerEpoch } = this;
    await until(`${topic} is in the transaction`, async () => {
      const { resultsByTopicV3AndBelow: topics } = await client.request(addPartitionsToTxn, 3, {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [{ name: topic, partitions: [0] }],
      });
      return topics[0]!.resultsByPartition[0]!.partitionErrorCode === 0;
    });
    const batch = batchOf(values, {
      ...{ producerId, producerEpoch },
      baseSequence: this.sequence,
      isTransactional: true,
    });
    const { errorCode } = await produceBatch(client, batch, { topic, transactionalId });
    expect(errorCode).toBe(0);
    this.sequence += values.length;
  }

  /** Commits an offset in a transaction. */
  async commitOffset(client: RawClient, groupId: string, name: string, offset: number) {
    const { transactionalId, producerId, producerEpoch } = this;
    await until(`${groupId} is in the transaction`, async () => {
      const { errorCode } = await client.request(addOffsetsToTxn, 3, {
        ...{ transactionalId, producerId, producerEpoch, groupId },
      });
      return errorCode === 0;
    });
    await until(`${groupId} has its coordinator`, async () => {
      await client.request(findCoordinator, 4, { keyType: 0, coordinatorKeys: [groupId] });
      const { topics } = await client.request(txnOffsetCommit, 3, {
        ...{ transactionalId, producerId, producerEpoch, groupId },
        topics: [
          {
            name,
            partitions: [
              {
                partitionIndex: 0,
                committedOffset: offset,
                committedLeaderEpoch: 0,
                committedMetadata: transactionalId,
              },
            ],
          },
        ],
      });
      return topics[0]!.partitions[0]!.errorCode === 0;
    });
  }

  async end(client: RawClient, committed: boolean): Promise<void> {
    const { transactionalId, producerId, producerEpoch } = this;
    await until(`${transactionalId} is over`, async () => {
      const { errorCode } = await client.request(endTxn, 3, {
        ...{ transactionalId, producerId, producerEpoch, committed },
      });
      return errorCode === 0;
    });
  }
}
