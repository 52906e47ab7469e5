import { createHash } from 'node:crypto';
import { errorCodes } from '../../../src/protocol/error-codes.ts';
import { describeConfigs } from '../../../src/protocol/messages/describe-configs.ts';
import { findCoordinator } from '../../../src/protocol/messages/find-coordinator.ts';
import { listOffsets } from '../../../src/protocol/messages/list-offsets.ts';
import { metadata } from '../../../src/protocol/messages/metadata.ts';
import { offsetFetch } from '../../../src/protocol/messages/offset-fetch.ts';
import { batches, readRecords } from '../../../src/protocol/record-batch.ts';
import { RawClient } from '../../support/raw-client.ts';
import { fetchOne, rangeOf } from '../../support/requests.ts';
import { until } from './kafkajs-client.ts';

/** All that clients can learn of a broker's data; two brokers on one folder must tell the same. */
export interface Stock {
  /** By name: id, configuration, leaders. */
  readonly topics: Record<string, TopicStock>;
  /** By `topic-partition`. */
  readonly partitions: Record<string, PartitionStock>;
  /** By group, then `topic-partition`. */
  readonly groups: Record<string, Record<string, string>>;
}

interface TopicStock {
  readonly topicId: string;
  readonly isInternal: boolean;
  readonly partitions: readonly string[];
  readonly configs: Record<string, string>;
}

interface PartitionStock {
  /** What ListOffsets answers to each question. */
  readonly offsets: Record<string, string>;
  /** Batches and records; of a compacted topic the newest value of each key. */
  readonly records: readonly string[];
  /** What a consumer is told that reads committed records only. */
  readonly committed: { readonly lastStableOffset: number; readonly aborted: readonly string[] };
}

const question = { earliest: -2, latest: -1, maxTimestamp: -3 };
/** A time in the middle of what tests write. */
export const middleMs = 1_700_000_002_500;

/** Takes stock of a broker, once every partition is led. */
export async function takeStock(
  bootstrapServers: string,
  groups: readonly string[],
): Promise<Stock> {
  const client = await RawClient.connect(bootstrapServers);
  try {
    await until('all partitions are led', async () => {
      const { topics } = await client.request(metadata, 12, { topics: null });
      return topics.every(({ partitions }) => partitions.every(({ errorCode }) => errorCode === 0));
    });
    const answer = await client.request(metadata, 12, { topics: null });
    const topics = [...answer.topics].sort((a, b) => (a.name! < b.name! ? -1 : 1));
    const stock: Stock = { topics: {}, partitions: {}, groups: {} };
    for (const { name, topicId, isInternal, partitions } of topics) {
      const configs = await topicConfigs(client, name!);
      const placed = partitions.map(
        (p) => `${p.leaderId} of ${p.replicaNodes.join()}, in sync ${p.isrNodes.join()}`,
      );
      stock.topics[name!] = { topicId, isInternal, partitions: placed, configs };
      if (isInternal) continue; // each broker goes on writing there; groups are looked at below
      for (const index of partitions.keys()) {
        const isCompacted = configs['cleanup.policy'] === 'compact';
        stock.partitions[`${name!}-${index}`] = await partitionStock(
          client,
          name!,
          index,
          isCompacted,
        );
      }
    }
    for (const group of groups) stock.groups[group] = await groupOffsets(client, group);
    return stock;
  } finally {
    client.close();
  }
}

async function topicConfigs(client: RawClient, topic: string): Promise<Record<string, string>> {
  const topicSource = 1;
  const { results } = await client.request(describeConfigs, 4, {
    resources: [{ resourceType: 2, resourceName: topic, configurationKeys: null }],
    includeSynonyms: false,
    includeDocumentation: false,
  });
  const own = results[0]!.configs.filter(({ configSource }) => configSource === topicSource);
  return sortedByName(own.map(({ name, value }) => [name, value ?? 'null']));
}

async function partitionStock(
  client: RawClient,
  topic: string,
  partition: number,
  isCompacted: boolean,
): Promise<PartitionStock> {
  const offsets: Record<string, string> = {};
  for (const [name, timestamp] of Object.entries({ ...question, middle: middleMs })) {
    for (const isolationLevel of [0, 1]) {
      offsets[`${name}, isolation ${isolationLevel}`] = await offsetOf(client, {
        topic,
        partition,
        timestamp,
        isolationLevel,
      });
    }
  }
  const start = Number(offsets['earliest, isolation 0']!.split(' ')[0]);
  const { bytes } = await readAll(client, topic, partition, start, 0);
  const { lastStableOffset, aborted } = await readAll(client, topic, partition, start, 1);
  return {
    offsets: isCompacted ? {} : offsets,
    records: isCompacted ? newestByKey(bytes) : described(bytes),
    committed: { lastStableOffset, aborted },
  };
}

async function offsetOf(
  client: RawClient,
  wish: { topic: string; partition: number; timestamp: number; isolationLevel: number },
): Promise<string> {
  const { topic: name, partition: partitionIndex, timestamp, isolationLevel } = wish;
  let answer = { offset: -1, timestamp: -1, errorCode: -1 };
  await until(`${name}-${partitionIndex} is served`, async () => {
    const { topics } = await client.request(listOffsets, 8, {
      replicaId: -1,
      isolationLevel,
      topics: [{ name, partitions: [{ partitionIndex, currentLeaderEpoch: -1, timestamp }] }],
    });
    answer = topics[0]!.partitions[0]!;
    return !notServedYet.includes(answer.errorCode);
  });
  // The leader's epoch rises with every start when the log ends there.
  return `${answer.offset} at ${answer.timestamp}, error ${answer.errorCode}`;
}

/** Errors of a broker that has only just started. */
const notServedYet: readonly number[] = [
  errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  errorCodes.LEADER_NOT_AVAILABLE,
  errorCodes.NOT_LEADER_OR_FOLLOWER,
  errorCodes.OFFSET_NOT_AVAILABLE,
];

/** All batches of a partition, back to back. */
async function readAll(
  client: RawClient,
  topic: string,
  partition: number,
  from: number,
  isolationLevel: 0 | 1,
): Promise<{ bytes: Buffer; lastStableOffset: number; aborted: readonly string[] }> {
  const chunks: Buffer[] = [];
  const aborted = new Set<string>();
  for (let fetchOffset = from; ;) {
    const wish = { topic, partition, fetchOffset };
    const answer = await fetchOne(client, wish, { isolationLevel });
    const { errorCode, records, lastStableOffset, abortedTransactions } = answer;
    if (errorCode !== errorCodes.NONE) throw new Error(`${topic}-${partition}: error ${errorCode}`);
    for (const { producerId, firstOffset } of abortedTransactions ?? []) {
      aborted.add(`${producerId} from ${firstOffset}`);
    }
    const chunk = records?.buffer.subarray(records.start, records.end) ?? Buffer.alloc(0);
    const last = [...batches(rangeOf(chunk))].at(-1);
    if (last === undefined) {
      return { bytes: Buffer.concat(chunks), lastStableOffset, aborted: [...aborted].sort() };
    }
    chunks.push(Buffer.from(chunk));
    fetchOffset = last.lastOffset + 1;
  }
}

/** Every field of every batch and record, a line for each. */
function described(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (const header of batches(rangeOf(bytes))) {
    const { position, sizeInBytes, ...fields } = header;
    const raw = bytes.subarray(position, position + sizeInBytes);
    lines.push(`${JSON.stringify(fields)} ${createHash('sha256').update(raw).digest('base64url')}`);
    for (const record of readRecords({
      buffer: bytes,
      start: position,
      end: position + sizeInBytes,
    })) {
      lines.push(recordLine(record));
    }
  }
  return lines;
}

type RecordOfBatch = ReturnType<typeof readRecords>[number];

function recordLine({ offset, timestamp, key, value, headers }: RecordOfBatch): string {
  const text = (part: Buffer | null): string | null => part && part.toString('latin1').slice(0, 40);
  const told = headers.map((header) => [header.key, text(header.value)]);
  return JSON.stringify([offset, timestamp, text(key), text(value), told]);
}

function newestByKey(bytes: Buffer): string[] {
  const newest = new Map<string, string>();
  for (const { position, sizeInBytes, isControl } of batches(rangeOf(bytes))) {
    if (isControl) continue;
    for (const record of readRecords({
      buffer: bytes,
      start: position,
      end: position + sizeInBytes,
    })) {
      newest.set(String(record.key), recordLine(record));
    }
  }
  return [...newest.values()].sort();
}

async function groupOffsets(client: RawClient, group: string): Promise<Record<string, string>> {
  await until(`group ${group} has its coordinator`, async () => {
    const found = await client.request(findCoordinator, 4, {
      keyType: 0,
      coordinatorKeys: [group],
    });
    return found.coordinators[0]!.errorCode === 0;
  });
  const offsets: [string, string][] = [];
  await until(`group ${group} is loaded`, async () => {
    const { groups } = await client.request(offsetFetch, 8, {
      groups: [{ groupId: group, topics: null }],
      requireStable: false,
    });
    const { errorCode, topics } = groups[0]!;
    for (const { name, partitions } of topics) {
      for (const { partitionIndex, committedOffset, committedLeaderEpoch, ...rest } of partitions) {
        const told = `${committedOffset} of epoch ${committedLeaderEpoch}: ${rest.metadata ?? 'null'}`;
        offsets.push([`${name}-${partitionIndex}`, told]);
      }
    }
    return errorCode === 0;
  });
  return sortedByName(offsets);
}

function sortedByName(entries: [string, string][]): Record<string, string> {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where two stocks differ, a line for each place; empty when they are equal. */
export function differences(found: Stock, expected: Stock): string[] {
  const [ours, theirs] = [new Map(flat(found)), new Map(flat(expected))];
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .filter((place) => ours.get(place) !== theirs.get(place))
    .map(
      (place) => `${place}: ${ours.get(place) ?? 'nothing'}, not ${theirs.get(place) ?? 'there'}`,
    );
}

function* flat(value: unknown, place = ''): Generator<[string, string], void, void> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) yield* flat(inner, `${place}/${key}`);
  } else yield [place, String(value)];
}
