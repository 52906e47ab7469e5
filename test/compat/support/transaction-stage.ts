import type { Kafka, Producer } from 'kafkajs';
import { errorCodes } from '../../../src/protocol/error-codes.ts';
import { describeGroups } from '../../../src/protocol/messages/describe-groups.ts';
import { describeTransactions } from '../../../src/protocol/messages/describe-transactions.ts';
import { findCoordinator } from '../../../src/protocol/messages/find-coordinator.ts';
import { RawClient } from '../../support/raw-client.ts';
import { createTopic, until } from './kafkajs-client.ts';
import { uniqueName } from './suite.ts';
import {
  ClientError,
  type DrivenClient,
  type Isolation,
  type TransactionCommands,
  type TransactionDriver,
} from './transaction-driver.ts';

/** What the scenarios of all clients share: a broker, and a client to prepare things with. */
export interface Place {
  readonly bootstrapServers: string;
  readonly kafka: Kafka;
  /** Writes what belongs to no transaction. */
  readonly plain: Producer;
  /** The broker's data directories, where they can be looked into. */
  readonly dataFolders: readonly string[];
  /** What the test does to the broker in the middle of a scenario, once all clients have come to this point. */
  interrupt(): Promise<void>;
}

/** Written behind everything else: who has read it has read the rest. */
const lastValue = 'the last';

/** One client in one scenario. */
export class Stage {
  constructor(
    readonly client: DrivenClient,
    readonly driver: TransactionDriver,
    readonly place: Place,
  ) {}

  name(what: string): string {
    return uniqueName(`${this.client}-${what}`);
  }

  async topic(numPartitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<string> {
    return createTopic(this.name('tx'), numPartitions, configs, this.place.kafka);
  }

  async plain(topic: string, values: readonly string[]): Promise<void> {
    const messages = values.map((value) => ({ partition: 0, value }));
    await this.place.plain.send({ topic, messages });
  }

  /** Opens a producer. @returns what it does */
  async producer(options: ProducerOptions = {}): Promise<StageProducer> {
    const { transactionalId = this.name('id'), ...rest } = options;
    const name = this.name('producer');
    await this.driver.do('open', { name, transactionalId, ...rest });
    return new StageProducer(this.driver, name, transactionalId);
  }

  /** All that the client reads of a topic, partition by partition. */
  async read(topic: string, isolation: Isolation, partitionCount = 1): Promise<string[][]> {
    const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
    const messages = partitions.map((partition) => ({ partition, value: lastValue }));
    await this.place.plain.send({ topic, messages });
    return this.following(topic, isolation, partitionCount, async (seen) => {
      const values = async () => {
        const found = await seen();
        return partitions.map((partition) => found[partition] ?? []);
      };
      await until(`${this.client} has read all of ${topic}`, async () => {
        return (await values()).every((each) => each.includes(lastValue));
      });
      return (await values()).map((each) => each.filter((value) => value !== lastValue));
    });
  }

  /** Does something while the client reads a topic. */
  async following<T>(
    topic: string,
    isolation: Isolation,
    partitionCount: number,
    work: (seen: () => Promise<Record<string, string[]>>) => Promise<T>,
  ): Promise<T> {
    const name = this.name('reader');
    await this.driver.do('follow', { name, topic, partitionCount, isolation });
    try {
      return await work(async () => this.driver.do('seen', { name }));
    } finally {
      await this.driver.do('unfollow', { name });
    }
  }

  async end(topic: string, isolation: Isolation): Promise<number | string> {
    return answerOf(this.driver.do('end', { topic, isolation }));
  }

  /** What a group has committed, as soon as it is not pending any more. */
  async committed(groupId: string, topic: string, patienceMs: number): Promise<unknown> {
    return answerOf(this.driver.do('committed', { groupId, topic, patienceMs }));
  }

  /** @param offset  null while there is none */
  async untilCommitted(groupId: string, topic: string, offset: number | null): Promise<void> {
    await until(`${groupId} has committed ${offset}`, async () => {
      return (await this.committed(groupId, topic, 5_000)) === offset;
    });
  }

  /** Until a group has its members, and they their partitions. */
  async untilJoined(groupId: string): Promise<void> {
    const admin = this.place.kafka.admin();
    await admin.connect();
    await until(`${groupId} is stable`, async () => {
      const { groups } = await admin.describeGroups([groupId]);
      return groups[0]?.state === 'Stable';
    });
    await admin.disconnect();
  }
}

/**
 * Until every transactional id and every group has a coordinator that answers: those of a new broker, and of one that
 * was restarted, may not yet, and not every client waits for them.
 */
export async function untilCoordinating(bootstrapServers: string): Promise<void> {
  const client = await RawClient.connect(bootstrapServers);
  const names = Array.from({ length: 400 }, (_, i) => `nobody-${i}`);
  await until('everybody has a coordinator', async () => {
    for (const keyType of [0, 1]) {
      // Asking for one makes its topic.
      await client.request(findCoordinator, 4, { keyType, coordinatorKeys: names });
    }
    const { groups } = await client.request(describeGroups, 5, { groups: names });
    const asked = { transactionalIds: names };
    const { transactionStates } = await client.request(describeTransactions, 0, asked);
    const unknown = errorCodes.TRANSACTIONAL_ID_NOT_FOUND;
    return (
      groups.every(({ errorCode }) => errorCode === errorCodes.NONE) &&
      transactionStates.every(({ errorCode }) => errorCode === unknown)
    );
  });
  client.close();
}

export interface ProducerOptions {
  readonly transactionalId?: string;
  readonly timeoutMs?: number;
  readonly compression?: string;
}

/** A transactional producer of a client. */
export class StageProducer {
  constructor(
    private readonly driver: TransactionDriver,
    readonly name: string,
    readonly transactionalId: string,
  ) {}

  private get itself() {
    return { name: this.name };
  }

  async begin(): Promise<void> {
    await this.driver.do('begin', this.itself);
  }

  async send(topic: string, values: string[], partitions = [0]): Promise<void> {
    await this.driver.do('send', { name: this.name, topic, partitions, values });
  }

  async commit(): Promise<void> {
    await this.driver.do('commit', this.itself);
  }

  async abort(): Promise<void> {
    await this.driver.do('abort', this.itself);
  }

  async close(): Promise<void> {
    await this.driver.do('close', this.itself);
  }

  /** One transaction. */
  async write(topic: string, values: string[], outcome: 'commit' | 'abort' = 'commit') {
    await this.begin();
    await this.send(topic, values);
    await this[outcome]();
  }

  async transform(
    wish: Omit<Parameters<TransactionCommands['transform']>[0], 'name'>,
  ): Promise<string[]> {
    return this.driver.do('transform', { ...wish, name: this.name });
  }
}

/** `ok`, or what the client says in its own words. */
export async function said(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'ok';
  } catch (error) {
    if (error instanceof ClientError) return error.said;
    throw error;
  }
}

async function answerOf<T>(work: Promise<T>): Promise<T | string> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ClientError) return error.said;
    throw error;
  }
}
