import { expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCodes } from '../../../src/protocol/error-codes.ts';
import { createTopics } from '../../../src/protocol/messages/create-topics.ts';
import { listOffsets } from '../../../src/protocol/messages/list-offsets.ts';
import { initProducerId } from '../../../src/protocol/messages/init-producer-id.ts';
import { metadata } from '../../../src/protocol/messages/metadata.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import type { AnyApi, RequestInput, ResponseOf } from '../../../src/protocol/schema.ts';
import { zeroUuid } from '../../../src/protocol/uuid.ts';
import { ConnectionClosed, RawClient } from '../../support/raw-client.ts';
import { AnswerText, type Plain } from './answer-text.ts';
import { repository } from './brokers.ts';
import { bootstrapServers, targetName, uniqueName } from './suite.ts';

/*
 * Requests as they are on the wire, at every version of an API, and whole responses. What Apache Kafka 4.3.1 answered
 * lies in test/data/raw-protocol, one file per test file, and is expected of both targets. Record it anew with
 * `COMPAT_RECORD=1 npx jest --selectProjects compat-apache raw-protocol`. With compat-odradek, only those answers are
 * recorded that differ on purpose.
 */

/** Answers to one request by the versions that were answered alike, for example `3-8`. */
type ByVersions = Record<string, Plain>;
type Recorded = Record<string, Record<string, ByVersions>>;

const patienceMs = 10_000;
const records = process.env['COMPAT_RECORD'] !== undefined;
const folder = join(repository, 'test/data/raw-protocol');

/** The tests of one file, whose answers are recorded under its name. */
export class RawProtocol {
  private readonly file: string;
  private readonly recorded: Recorded;

  constructor(name: string) {
    this.file = join(folder, `${name}.json`);
    this.recorded = existsSync(this.file)
      ? (JSON.parse(readFileSync(this.file, 'utf8')) as Recorded)
      : {};
  }

  /** A test that asks a broker and expects the recorded answers. */
  test(title: string, ask: (wire: Wire) => Promise<void>): void {
    test(title, async () => {
      const wire = await Wire.connect();
      try {
        await ask(wire);
      } finally {
        wire.close();
      }
      if (records) this.record(title, wire.answers);
      else expect(wire.answers).toEqual(this.expected(title));
    });
  }

  private expected(title: string): Recorded[string] {
    const all = Object.entries(this.recorded[title] ?? { nothing: {} });
    return Object.fromEntries(all.filter(([question]) => !isOthers(question)));
  }

  private record(title: string, answers: Recorded[string]): void {
    const before = Object.entries(this.recorded[title] ?? {});
    this.recorded[title] =
      targetName === 'apache'
        ? { ...answers, ...Object.fromEntries(before.filter(([question]) => isOthers(question))) }
        : {
            ...Object.fromEntries(before),
            ...Object.fromEntries(Object.entries(answers).filter(([question]) => isOurs(question))),
          };
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(this.file, readable(this.recorded));
  }
}

const isOurs = (question: string): boolean => question.includes(' (odradek; ');
/** Answers that only the other target gives. */
const isOthers = (question: string): boolean =>
  question.includes(targetName === 'odradek' ? ' (apache; ' : ' (odradek; ');

/** One line per answer, so that a difference is a line. */
function readable(recorded: Recorded): string {
  const block = (entries: string[], indent: string): string =>
    entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${indent}}`;
  const titles = Object.entries(recorded).map(([title, questions]) => {
    const lines = Object.entries(questions).map(([question, byVersions]) => {
      const answers = Object.entries(byVersions).map(
        ([versions, answer]) => `      ${JSON.stringify(versions)}: ${JSON.stringify(answer)}`,
      );
      return `    ${JSON.stringify(question)}: ${block(answers, '    ')}`;
    });
    return `  ${JSON.stringify(title)}: ${block(lines, '  ')}`;
  });
  return `${block(titles, '')}\n`;
}

export interface Topic {
  readonly name: string;
  readonly topicId: string;
}

export interface Question {
  /** The first version to ask with; default: the API's first. */
  readonly from?: number;
  /** The last version to ask with; default: the API's last. */
  readonly to?: number;
  /** Client id of a connection of its own. */
  readonly clientId?: string;
  /** Every version asks the partition that has its number, so that it finds no other version's records. */
  readonly partitionPerVersion?: boolean;
  /** The order of lists is of no meaning. */
  readonly anyOrder?: boolean;
  /** Why we answer differently from Apache Kafka; what we answer is recorded, too. */
  readonly onPurpose?: string;
}

/** Lists in an order of their own. */
function sorted(value: Plain): Plain {
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) {
    return value
      .map((element) => sorted(element))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, content]) => [name, sorted(content)]),
  );
}

const isList = (value: object): value is readonly Plain[] => Array.isArray(value);

/** One connection to the target, and what it was told. */
export class Wire {
  readonly answers: Record<string, ByVersions> = {};
  private readonly text: AnswerText;

  private constructor(
    private client: RawClient,
    /** Begins every name of this test. */
    private readonly prefix: string,
  ) {
    const port = Number(bootstrapServers().split(':')[1]);
    this.text = new AnswerText({ prefix, port });
  }

  static async connect(): Promise<Wire> {
    return new Wire(await RawClient.connect(bootstrapServers()), `${uniqueName('raw')}.`);
  }

  /** A name that no other test uses; recorded answers show it without what makes it unique. */
  name(what: string): string {
    return this.prefix + what;
  }

  /** Answers hide this value behind a word. */
  hide(value: string | number, word: string): void {
    this.text.hide(value, word);
  }

  /** Creates a topic that serves, and returns its name and id. */
  async topic(
    what: string,
    configs: Readonly<Record<string, string>> = {},
    numPartitions = 1,
  ): Promise<Topic> {
    const name = this.name(what);
    const response = await this.client.request(createTopics, 7, {
      topics: [
        {
          name,
          numPartitions,
          replicationFactor: 1,
          assignments: [],
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
    });
    const { errorCode, errorMessage, topicId } = response.topics[0]!;
    if (errorCode !== 0) throw new Error(`${name}: ${errorCode} ${errorMessage ?? ''}`);
    this.hide(topicId, `id of ${what}`);
    await this.untilServed(name, numPartitions);
    return { name, topicId };
  }

  /** Has the broker create `__consumer_offsets`. */
  async offsetsTopic(): Promise<Topic> {
    const name = '__consumer_offsets';
    const request = { topics: [{ name, topicId: zeroUuid }], allowAutoTopicCreation: true };
    await this.client.request(metadata, 12, request);
    await this.untilServed(name, 50);
    const { topics } = await this.client.request(metadata, 12, request);
    return { name, topicId: topics[0]?.topicId ?? zeroUuid };
  }

  /** A new producer's id. Apache Kafka has none yet when it is asked for the first time. */
  async producerId(): Promise<number> {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
      const { errorCode, producerId } = await this.client.request(initProducerId, 4, request);
      if (errorCode === 0) return producerId;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('no producer id is given');
  }

  /** Apache Kafka answers CreateTopics before its brokers have heard of the topic. */
  private async untilServed(name: string, numPartitions: number): Promise<void> {
    const deadline = Date.now() + patienceMs;
    const partitions = Array.from({ length: numPartitions }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: -1,
    }));
    while (Date.now() < deadline) {
      const { topics } = await this.client.request(listOffsets, 6, {
        replicaId: -1,
        topics: [{ name, partitions }],
      });
      if (topics[0]?.partitions.every(({ errorCode }) => errorCode === 0)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${name} is not served`);
  }

  /** Waits until the broker does not know a topic any more. */
  async untilGone(name: string): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      const { topics } = await this.client.request(listOffsets, 6, {
        replicaId: -1,
        topics: [{ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
      });
      if (topics[0]?.partitions[0]?.errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${name} is still there`);
  }

  /** Asks, and does not write the answer down. */
  async quietly<A extends AnyApi>(
    api: A,
    version: number,
    body: RequestInput<A>,
  ): Promise<ResponseOf<A>> {
    return this.client.request(api, version, body);
  }

  /**
   * Asks at every version and writes the answers down under `question`.
   *
   * @param body      the request of a version; undefined where it cannot be said
   * @param onAnswer  is given each response
   */
  async ask<A extends AnyApi>(
    question: string,
    api: A,
    body: (version: number) => RequestInput<A> | undefined,
    more: Question = {},
    onAnswer: (answer: ResponseOf<A>) => void = () => undefined,
  ): Promise<void> {
    const { from = api.versions[0], to = api.versions[1], clientId } = more;
    const answers: { version: number; answer: Plain }[] = [];
    for (let version = from; version <= to; version++) {
      const request = body(version);
      if (request === undefined) continue;
      const partition = more.partitionPerVersion === true ? version : undefined;
      const answer = await this.answerTo(api, version, request, clientId);
      if (typeof answer !== 'string') onAnswer(answer);
      const text = this.text.of(answer, partition);
      answers.push({ version, answer: more.anyOrder === true ? sorted(text) : text });
    }
    const { onPurpose } = more;
    const whose = onPurpose === undefined ? '' : ` (${targetName}; ${onPurpose})`;
    this.answers[`${api.name}: ${question}${whose}`] = byVersions(answers);
  }

  private async answerTo<A extends AnyApi>(
    api: A,
    version: number,
    request: RequestInput<A>,
    clientId: string | undefined,
  ): Promise<ResponseOf<A> | string> {
    const client =
      clientId === undefined ? this.client : await RawClient.connect(bootstrapServers(), clientId);
    try {
      return await inTime(client.request(api, version, request), `an answer to ${api.name}`);
    } catch (error) {
      if (error instanceof ConnectionClosed) {
        if (client === this.client) this.client = await RawClient.connect(bootstrapServers());
        return 'the connection is closed';
      }
      if (error instanceof MalformedMessage) return `unreadable: ${error.message}`;
      throw error;
    } finally {
      if (client !== this.client) client.close();
    }
  }

  /** Sends a frame on a connection of its own, and writes down correlation id and error of the frame that comes back. */
  async frame(question: string, bytes: Buffer): Promise<void> {
    const client = await RawClient.connect(bootstrapServers());
    client.sendFrame(bytes);
    const answer = await inTime(client.frame(), 'a frame').catch((error: unknown) => {
      if (error instanceof ConnectionClosed) return 'the connection is closed';
      throw error;
    });
    client.close();
    this.note(
      question,
      typeof answer === 'string' ? answer : answer.subarray(0, 6).toString('hex'),
    );
  }

  /** Writes something down that is no answer of `ask`. */
  note(question: string, answer: unknown): void {
    this.answers[question] = { '': this.text.of(answer) };
  }

  close(): void {
    this.client.close();
  }
}

async function inTime<T>(answer: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited too long for ${what}`)), patienceMs);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

function byVersions(answers: readonly { version: number; answer: Plain }[]): ByVersions {
  const result: ByVersions = {};
  let first = 0;
  for (const [i, { version, answer }] of answers.entries()) {
    const next = answers[i + 1];
    if (next !== undefined && JSON.stringify(next.answer) === JSON.stringify(answer)) continue;
    const from = answers[first]?.version ?? version;
    result[from === version ? `${version}` : `${from}-${version}`] = answer;
    first = i + 1;
  }
  return result;
}
