import { addOffsetsToTxn } from '../../src/protocol/messages/add-offsets-to-txn.ts';
import { addPartitionsToTxn } from '../../src/protocol/messages/add-partitions-to-txn.ts';
import { endTxn } from '../../src/protocol/messages/end-txn.ts';
import { findCoordinator } from '../../src/protocol/messages/find-coordinator.ts';
import { initProducerId } from '../../src/protocol/messages/init-producer-id.ts';
import { offsetFetch } from '../../src/protocol/messages/offset-fetch.ts';
import { txnOffsetCommit } from '../../src/protocol/messages/txn-offset-commit.ts';
import { errorCodes, type ErrorCode, type ErrorName } from '../../src/protocol/error-codes.ts';
import type { RawClient } from './raw-client.ts';
import { committedView } from './committed-view.ts';
import { batchOf, fetchOne, produceBatch } from './requests.ts';

const names = new Map(Object.entries(errorCodes).map(([name, code]) => [code, name as ErrorName]));

/** Name of an error code. */
export function nameOf(errorCode: number): ErrorName {
  const name = names.get(errorCode as ErrorCode);
  if (name === undefined) throw new Error(`error ${errorCode}`);
  return name;
}

/**
 * A producer of transactions that does nothing by itself: each call is one request, of the versions
 * of KIP-890 or of those before, and gives the name of the error.
 */
export class TransactionalClient {
  producerId = -1;
  producerEpoch = -1;
  timeoutMs = 60_000;
  private readonly sequences = new Map<string, number>();

  constructor(
    private readonly client: RawClient,
    readonly transactionalId: string,
    private readonly style: 'v1' | 'v2',
  ) {}

  /** A second life of the same id, which does not know what the first one knows. */
  again(): TransactionalClient {
    return new TransactionalClient(this.client, this.transactionalId, this.style);
  }

  private get isNew(): boolean {
    return this.style === 'v2';
  }

  /** Waits until there is one: Kafka makes its topic, and says at once that it is not there yet. */
  async findCoordinator(): Promise<number> {
    const response = await this.client.request(findCoordinator, 4, {
      key: '',
      keyType: 1,
      coordinatorKeys: [this.transactionalId],
    });
    const [found] = response.coordinators;
    const error = nameOf(found!.errorCode);
    if (error === 'NONE') return found!.nodeId;
    if (error !== 'COORDINATOR_NOT_AVAILABLE') throw new Error(`no coordinator: ${error}`);
    await shortly();
    return this.findCoordinator();
  }

  async init(version = this.isNew ? 5 : 4): Promise<ErrorName> {
    const response = await this.client.request(initProducerId, version, {
      transactionalId: this.transactionalId,
      transactionTimeoutMs: this.timeoutMs,
      ...(version >= 3 && { producerId: this.producerId, producerEpoch: this.producerEpoch }),
    });
    if (response.errorCode === 0) this.become(response);
    return nameOf(response.errorCode);
  }

  /** Until it is no longer told that the last transaction is still completing. */
  async initWhenReady(): Promise<ErrorName> {
    return untilComplete(() => this.init());
  }

  private become(identity: { producerId: number; producerEpoch: number }): void {
    this.producerId = identity.producerId;
    this.producerEpoch = identity.producerEpoch;
    this.sequences.clear();
  }

  async add(topic: string, partitions = [0], version = 3): Promise<ErrorName[]> {
    const response = await this.client.request(addPartitionsToTxn, version, {
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: this.producerId,
      v3AndBelowProducerEpoch: this.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions }],
    });
    return response.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
      resultsByPartition.map(({ partitionErrorCode }) => nameOf(partitionErrorCode)),
    );
  }

  async addOffsets(groupId: string, version = 4): Promise<ErrorName> {
    const { transactionalId, producerId, producerEpoch } = this;
    const response = await this.client.request(addOffsetsToTxn, version, {
      transactionalId,
      producerId,
      producerEpoch,
      groupId,
    });
    return nameOf(response.errorCode);
  }

  /** Adds the partition where the client has to, and writes to it. */
  async write(topic: string, values: readonly string[], partition = 0): Promise<ErrorName> {
    if (!this.isNew) {
      const added = await untilComplete(async () => (await this.add(topic, [partition]))[0]!);
      if (added !== 'NONE') return added;
    }
    return this.produce(topic, values, partition);
  }

  async produce(
    topic: string,
    values: readonly string[],
    partition = 0,
    version = this.isNew ? 12 : 11,
  ): Promise<ErrorName> {
    const { producerId, producerEpoch, transactionalId } = this;
    const key = `${topic}-${partition}`;
    const baseSequence = this.sequences.get(key) ?? 0;
    const batch = batchOf(values, {
      producerId,
      producerEpoch,
      baseSequence,
      isTransactional: true,
    });
    const wish = { topic, partition, transactionalId, version };
    const { errorCode } = await produceBatch(this.client, batch, wish);
    if (errorCode === 0) this.sequences.set(key, baseSequence + values.length);
    return nameOf(errorCode);
  }

  /** Commits an offset of a group in the transaction. */
  async sendOffset(
    groupId: string,
    topic: string,
    offset: number,
    version = this.isNew ? 5 : 4,
  ): Promise<ErrorName> {
    const { transactionalId, producerId, producerEpoch } = this;
    const response = await this.client.request(txnOffsetCommit, version, {
      transactionalId,
      groupId,
      producerId,
      producerEpoch,
      topics: [
        {
          name: topic,
          partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }],
        },
      ],
    });
    return nameOf(response.topics[0]!.partitions[0]!.errorCode);
  }

  async end(committed: boolean, version = this.isNew ? 5 : 4): Promise<ErrorName> {
    const { transactionalId, producerId, producerEpoch } = this;
    const response = await this.client.request(endTxn, version, {
      transactionalId,
      producerId,
      producerEpoch,
      committed,
    });
    if (response.errorCode === 0 && version >= 5) this.become(response);
    return nameOf(response.errorCode);
  }
}

/** What a client is told that comes too early. */
const early: ReadonlySet<ErrorName> = new Set([
  'CONCURRENT_TRANSACTIONS',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR',
]);

/** Repeats while the last transaction is still completing, or its coordinator is not ready. */
export async function untilComplete(ask: () => Promise<ErrorName>): Promise<ErrorName> {
  for (;;) {
    const answer = await ask();
    if (!early.has(answer)) return answer;
    await shortly();
  }
}

const shortly = () => new Promise((resolve) => setTimeout(resolve, 5));

/** What a consumer that reads committed records only sees of a partition. */
export async function committedValues(
  client: RawClient,
  topic: string,
  partition = 0,
): Promise<string[]> {
  const wish = { topic, partition };
  const fetched = await fetchOne(client, wish, { isolationLevel: 1, version: 12 });
  if (fetched.records === null) return [];
  const view = committedView(fetched.records, fetched.abortedTransactions ?? []);
  return view.map(({ value }) => value);
}

/** The offset a group has committed; -1 for none, or the name of the error. */
export async function committedOffset(
  client: RawClient,
  groupId: string,
  topic: string,
  requireStable = false,
): Promise<number | ErrorName> {
  const response = await client.request(offsetFetch, 7, {
    groupId,
    topics: [{ name: topic, partitionIndexes: [0] }],
    requireStable,
  });
  const { errorCode, committedOffset: offset } = response.topics[0]!.partitions[0]!;
  return errorCode === 0 ? offset : nameOf(errorCode);
}
