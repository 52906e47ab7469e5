import { createTopics } from '../../src/protocol/messages/create-topics.ts';
import { findCoordinator } from '../../src/protocol/messages/find-coordinator.ts';
import { initProducerId } from '../../src/protocol/messages/init-producer-id.ts';
import { offsetFetch } from '../../src/protocol/messages/offset-fetch.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import type { CompressionType } from '../../src/protocol/compression/compression-type.ts';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  batchOf,
  commitOffset,
  describeTopic,
  produceRequest,
  readAll,
} from '../support/requests.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { Ledger, writerOf } from './ledger.ts';

/** Most batches of one writer that are under way. */
const depth = 3;

interface Batch {
  readonly values: readonly string[];
  readonly baseSequence: number;
}

/** A producer with acks=all, of one partition. It goes on where it was after every crash. */
class Writer {
  readonly ledger: Ledger;
  private producerId = -1;
  private sequence = 0;
  /** Sent, and not heard of. */
  private unsure: Batch[] = [];

  constructor(
    name: string,
    private readonly topic: string,
    private readonly codec: CompressionType,
    isIdempotent: boolean,
    private readonly random: SeededRandom,
  ) {
    this.ledger = new Ledger(name, isIdempotent);
  }

  /** Writes until `isOver` or the broker is gone. */
  async run(address: string, isOver: () => boolean, takeId: (id: number) => void): Promise<void> {
    const client = await RawClient.connect(address);
    try {
      if (this.ledger.isOnce && this.producerId < 0) await this.takeProducerId(client, takeId);
      // Without sequence numbers a second attempt would be a second record.
      const again = this.ledger.isOnce ? this.unsure : [];
      this.unsure = [];
      let isRefused = again.length > 0 && !(await this.send(client, again));
      while (!isRefused && !isOver()) {
        const batches = Array.from({ length: 1 + this.random.below(depth) }, () => this.batch());
        isRefused = !(await this.send(client, batches));
      }
    } finally {
      client.close();
    }
  }

  private batch(): Batch {
    const values = this.ledger.next(1 + this.random.below(8), this.random.below(3000));
    const batch = { values, baseSequence: this.sequence };
    this.sequence += values.length;
    return batch;
  }

  /** @returns false where the broker refused */
  private async send(client: RawClient, batches: readonly Batch[]): Promise<boolean> {
    this.unsure = [...batches];
    const ids = batches.map((batch) => {
      const { values, baseSequence } = batch;
      const { producerId } = this;
      const idempotence = this.ledger.isOnce ? { producerId, producerEpoch: 0, baseSequence } : {};
      const bytes = batchOf(values, { compression: this.codec, ...idempotence });
      return client.send(produce, 11, produceRequest(bytes, { topic: this.topic }));
    });
    for (const [i, id] of ids.entries()) {
      const response = await client.response(produce, 11, id);
      const { errorCode, baseOffset } = response.responses[0]!.partitionResponses[0]!;
      // It is being stopped; what follows is sent again when it is back.
      if (errorCode !== 0) return false;
      this.ledger.acknowledge(batches[i]!.values, baseOffset);
      this.unsure.shift();
    }
    return true;
  }

  private async takeProducerId(client: RawClient, takeId: (id: number) => void): Promise<void> {
    const { errorCode, producerId } = await client.request(initProducerId, 4, {
      transactionalId: null,
      transactionTimeoutMs: 1000,
      producerId: -1,
      producerEpoch: -1,
    });
    if (errorCode !== 0) throw new Error(`no producer id: error ${errorCode}`);
    takeId(producerId);
    this.producerId = producerId;
  }
}

/** A group that commits rising offsets. */
class Committer {
  private acknowledged = -1;
  private sent = -1;
  /** How often each error was the answer, by its name, and a life in which the connection broke. */
  readonly errors = new Map<string, number>();

  constructor(
    private readonly group: string,
    private readonly topic: string,
  ) {}

  get committed(): number {
    return this.acknowledged + 1;
  }

  private count(error: string): void {
    this.errors.set(error, (this.errors.get(error) ?? 0) + 1);
  }

  /** Commits until `isOver` or the broker is gone. */
  async run(address: string, isOver: () => boolean): Promise<void> {
    try {
      await this.commit(address, isOver);
    } catch {
      this.count('the connection ended');
    }
  }

  private async commit(address: string, isOver: () => boolean): Promise<void> {
    const client = await RawClient.connect(address);
    try {
      await client.request(findCoordinator, 4, { keyType: 0, coordinatorKeys: [this.group] });
      while (!isOver()) {
        const offset = ++this.sent;
        const { group: groupId, topic } = this;
        const errorCode = await commitOffset(client, offset, { groupId, topic });
        if (errorCode === 0) this.acknowledged = offset;
        else {
          this.count(errorNames.get(errorCode) ?? `error ${errorCode}`);
          await pause(10); // it loads, or is being stopped
        }
      }
    } finally {
      client.close();
    }
  }

  async mistakes(client: RawClient): Promise<string[]> {
    for (let attempt = 0; attempt < 500; attempt++) {
      const response = await client.request(offsetFetch, 7, {
        groupId: this.group,
        topics: [{ name: this.topic, partitionIndexes: [0] }],
        requireStable: false,
      });
      const partition = response.topics[0]?.partitions[0];
      const errorCode = response.errorCode || (partition?.errorCode ?? 0);
      if (errorCode === 0) return this.judge(partition?.committedOffset ?? -1);
      await client.request(findCoordinator, 4, { keyType: 0, coordinatorKeys: [this.group] });
      await pause(20);
    }
    return [`the offsets of group ${this.group} cannot be fetched`];
  }

  private judge(found: number): string[] {
    const { acknowledged, sent } = this;
    // What is found now must not be lost later.
    this.acknowledged = Math.max(acknowledged, found);
    if (found >= acknowledged && found <= sent) return [];
    return [`group ${this.group} is at ${found}, acknowledged ${acknowledged}, sent ${sent}`];
  }
}

const errorNames = new Map<number, string>(
  Object.entries(errorCodes).map(([name, code]) => [code, name]),
);

interface Topic {
  readonly name: string;
  readonly codec: CompressionType;
  readonly config: Readonly<Record<string, string>>;
}

/** Producers of several topics and codecs, groups, and topics that come: what must survive. */
export class Workload {
  private readonly topics: Topic[];
  private readonly writers = new Map<string, Writer[]>();
  private readonly committers: Committer[];
  private readonly created = new Set<string>();
  private readonly producerIds = new Set<number>();
  private readonly problems: string[] = [];

  /** @param onlyDurable  every topic has flush.messages=1 */
  constructor(
    private readonly random: SeededRandom,
    onlyDurable: boolean,
  ) {
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
    this.topics = codecs.map((codec, i) => ({
      name: `with-${codec}`,
      codec,
      config: {
        'internal.segment.bytes': '65536',
        'index.interval.bytes': '1024',
        ...((onlyDurable || i % 2 === 0) && { 'flush.messages': '1' }),
      },
    }));
    for (const { name, codec } of this.topics) {
      const writers = [true, false].map((isOnce) => {
        const writer = isOnce ? 'idempotent' : 'plain';
        return new Writer(`${writer}-${codec}`, name, codec, isOnce, random);
      });
      this.writers.set(name, writers);
    }
    this.committers = [0, 1, 2].map((i) => new Committer(`group-${i}`, this.topics[i]!.name));
  }

  /** What its groups heard so far, in words. */
  get commits(): string {
    const committed = this.committers.reduce((sum, each) => sum + each.committed, 0);
    const errors = new Map<string, number>();
    for (const each of this.committers) {
      for (const [name, count] of each.errors) errors.set(name, (errors.get(name) ?? 0) + count);
    }
    const refused = [...errors].map(([name, count]) => `, ${count} times ${name}`).join('');
    return `offsets up to ${committed} committed${refused}`;
  }

  get ledgers(): Ledger[] {
    return [...this.writers.values()].flat().map(({ ledger }) => ledger);
  }

  /** Creates the topics that are not there yet. */
  async begin(address: string): Promise<void> {
    const client = await RawClient.connect(address);
    try {
      for (const { name, config } of this.topics) await this.create(client, name, config);
    } finally {
      client.close();
    }
  }

  private async create(
    client: RawClient,
    name: string,
    config: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    if (this.created.has(name)) return;
    const response = await client.request(createTopics, 7, {
      topics: [
        {
          name,
          numPartitions: 1,
          replicationFactor: -1,
          assignments: [],
          configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 5_000,
      validateOnly: false,
    });
    const { errorCode } = response.topics[0]!;
    if (errorCode !== 0 && errorCode !== errorCodes.TOPIC_ALREADY_EXISTS) {
      throw new Error(`topic ${name} was not created: error ${errorCode}`);
    }
    this.created.add(name);
  }

  /**
   * Works until `isOver` says so or the broker is gone. Never rejects for the broker's end: whether a
   * writer that stopped was refused all along is told by what its ledger says in the end.
   */
  async run(address: string, isOver: () => boolean): Promise<void> {
    const takeId = (id: number): void => {
      if (this.producerIds.has(id)) this.problems.push(`producer id ${id} was given out twice`);
      this.producerIds.add(id);
    };
    const work = [
      ...[...this.writers.values()].flat().map((writer) => writer.run(address, isOver, takeId)),
      ...this.committers.map((committer) => committer.run(address, isOver)),
      this.createNow(address, isOver),
    ];
    await Promise.allSettled(work);
  }

  /** New topics now and then. */
  private async createNow(address: string, isOver: () => boolean): Promise<void> {
    const client = await RawClient.connect(address);
    try {
      while (!isOver()) {
        await this.create(client, `new-${this.random.below(1_000_000)}`);
        await pause(100);
      }
    } finally {
      client.close();
    }
  }

  /** Reads everything. @returns what is not as it must be */
  async mistakes(address: string): Promise<string[]> {
    const client = await RawClient.connect(address);
    try {
      const mistakes = this.problems.splice(0);
      for (const [topic, writers] of this.writers) {
        if (!this.created.has(topic)) continue;
        const found = await readAll(client, topic);
        const known = new Set(writers.map(({ ledger }) => ledger.writer));
        const strange = found.filter(({ value }) => !known.has(writerOf(value)));
        for (const { value } of strange)
          mistakes.push(`${topic}: ${value.slice(0, 50)} is nobody's`);
        for (const { ledger } of writers) {
          mistakes.push(
            ...ledger.mistakes(found.filter(({ value }) => writerOf(value) === ledger.writer)),
          );
        }
      }
      for (const topic of this.created) {
        const { errorCode } = await describeTopic(client, topic);
        if (errorCode !== 0) mistakes.push(`topic ${topic} was created and has error ${errorCode}`);
      }
      for (const committer of this.committers) mistakes.push(...(await committer.mistakes(client)));
      return mistakes;
    } finally {
      client.close();
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
