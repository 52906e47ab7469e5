import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findCoordinator } from '../../../src/protocol/messages/find-coordinator.ts';
import { offsetFetch } from '../../../src/protocol/messages/offset-fetch.ts';
import type { ToolRunnerAddress } from '../../compat/support/tool-runner.ts';
import { RawClient } from '../../support/raw-client.ts';
import { batchOf, createTopic, produceBatch } from '../../support/requests.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { BouncedBroker, freePort } from './bounced-broker.ts';
import { CommittedReader } from './committed-reader.ts';
import { Copier } from './copier.ts';
import { differences } from './differences.ts';

const [input, output, group] = ['input-topic', 'output-topic', 'copiers'];
const inputPartitions = 2;
/** The last one stays empty: records keep their partition. */
const outputPartitions = 3;
const recordsPerBatch = 500;
/** A run takes seconds; one that takes so long hangs. */
const runTimeoutMs = 300_000;

export interface CopyRun {
  readonly runner: ToolRunnerAddress;
  readonly seed: number;
  /** In all input partitions. */
  readonly records: number;
  readonly transactionSize: number;
  /** The broker lives for so long at most. */
  readonly longestLifeMs: number;
  /** Whether copiers are killed and stopped, too. */
  readonly bouncesCopiers: boolean;
  /** The broker is killed no more after so many times. */
  readonly mostKills: number;
}

export interface CopyResult {
  readonly kills: number;
  /** Starts of copiers, more than the two that there must be. */
  readonly restarts: number;
  /** Why copiers ended by themselves. */
  readonly failures: readonly string[];
  readonly ms: number;
  readonly mistakes: readonly string[];
}

/**
 * Kafka's system test of transactions: copiers copy a topic in transactions of which many are aborted,
 * while the broker, a process on a real folder, is killed again and again. In the end the output holds
 * what the input holds, once and in its order, and that is what a consumer saw that read all along.
 */
export async function copyRun(options: CopyRun): Promise<CopyResult> {
  const { runner, seed, records, transactionSize } = options;
  const beganMs = performance.now();
  const random = new SeededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'copiers-'));
  const broker = new BouncedBroker(folder, await freePort(random), random);
  try {
    await broker.start();
    const values = await fill(broker.address, records);
    const copiers = values.map(
      (_, partition) =>
        new Copier(runner, {
          ...{ bootstrapServers: broker.address, input, output, partition, group, transactionSize },
          transactionTimeoutMs: 10_000,
        }),
    );
    let isOver = false;
    const copied = copiers.map((copier) => copier.run());
    const timer = setTimeout(() => {
      for (const copier of copiers) copier.giveUp();
    }, runTimeoutMs);
    const readers = values.map((_, partition) => new CommittedReader(output, partition));
    const reading = readAlong(readers, broker, () => isOver);
    const bouncing = bounce(broker, copiers, random, options, () => isOver);
    const outcomes = await Promise.allSettled(copied);
    clearTimeout(timer);
    isOver = true;
    await Promise.all([bouncing, reading]);
    const mistakes = outcomes.flatMap((one) =>
      one.status === 'rejected' ? [String(one.reason)] : [],
    );
    if (mistakes.length === 0) mistakes.push(...(await compare(broker.address, values, readers)));
    mistakes.push(...(await broker.stop()));
    if (broker.kills === 0 && options.mostKills > 0) mistakes.push('the broker was never killed');
    const restarts = copiers.reduce((sum, { lives }) => sum + lives - 1, 0);
    const failures = copiers.flatMap((copier) => copier.failures);
    return { kills: broker.kills, restarts, failures, ms: performance.now() - beganMs, mistakes };
  } finally {
    await broker.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns what the input holds, by partition */
async function fill(address: string, records: number): Promise<string[][]> {
  const client = await RawClient.connect(address);
  try {
    await createTopic(client, input, {}, inputPartitions);
    await createTopic(client, output, {}, outputPartitions);
    const values: string[][] = Array.from({ length: inputPartitions }, () => []);
    for (let i = 0; i < records; i++) values[i % inputPartitions]!.push(`${i}`);
    for (const [partition, all] of values.entries()) {
      for (let first = 0; first < all.length; first += recordsPerBatch) {
        const batch = batchOf(all.slice(first, first + recordsPerBatch));
        const { errorCode } = await produceBatch(client, batch, { topic: input, partition });
        if (errorCode !== 0) throw new Error(`the input cannot be written: error ${errorCode}`);
      }
    }
    return values;
  } finally {
    client.close();
  }
}

/** A consumer beside the copiers, with a new connection whenever the old one breaks. */
async function readAlong(
  readers: readonly CommittedReader[],
  broker: BouncedBroker,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    let client: RawClient | undefined;
    try {
      client = await RawClient.connect(broker.address);
      while (!isOver()) {
        for (const reader of readers) await reader.readOn(client);
        await pause(20);
      }
    } catch {
      await pause(50); // the broker is down, or not ready yet
    } finally {
      client?.close();
    }
  }
}

async function bounce(
  broker: BouncedBroker,
  copiers: readonly Copier[],
  random: SeededRandom,
  { longestLifeMs, mostKills, bouncesCopiers }: CopyRun,
  isOver: () => boolean,
): Promise<void> {
  for (let times = 0; times < mostKills; times++) {
    const lifeMs = longestLifeMs / 4 + random.below((3 * longestLifeMs) / 4);
    const untilMs = performance.now() + lifeMs;
    while (performance.now() < untilMs) {
      if (isOver()) return;
      await pause(10);
    }
    await broker.restart();
    if (bouncesCopiers && random.below(3) === 0) {
      random.pick(copiers).bounce(random.below(2) === 0);
    }
  }
}

/** Input, output, what was seen on the way, and the offsets of the group. */
async function compare(
  address: string,
  values: readonly (readonly string[])[],
  readers: readonly CommittedReader[],
): Promise<string[]> {
  const client = await RawClient.connect(address);
  try {
    const mistakes: string[] = [];
    for (const [partition, expected] of values.entries()) {
      const found = await new CommittedReader(output, partition).readAll(client);
      mistakes.push(...differences(`${output}-${partition}`, expected, found));
      const seen = await readers[partition]!.readAll(client);
      mistakes.push(...differences(`${output}-${partition} as it was read`, expected, seen));
    }
    mistakes.push(...(await wrongOffsets(client, values)));
    const rest = await new CommittedReader(output, inputPartitions).readAll(client);
    if (rest.length > 0) mistakes.push(`${rest.length} records in a partition of nobody`);
    return mistakes;
  } finally {
    client.close();
  }
}

/** The group has committed what was copied, in the transactions that copied it. */
async function wrongOffsets(
  client: RawClient,
  values: readonly (readonly string[])[],
): Promise<string[]> {
  const partitionIndexes = [...values.keys()];
  const topics = [{ name: input, partitionIndexes }];
  const request = { groupId: group, topics, requireStable: true };
  const expected = values.map(({ length }) => length);
  let found: number[] = [];
  // The coordinator may be loading, and the last transactions completing.
  for (let attempt = 0; attempt < 100; attempt++) {
    const { errorCode, topics: answers } = await client.request(offsetFetch, 7, request);
    const partitions = answers[0]?.partitions ?? [];
    found = partitions.map((one) => (one.errorCode === 0 ? one.committedOffset : -one.errorCode));
    if (errorCode === 0 && found.join() === expected.join()) return [];
    await client.request(findCoordinator, 4, { keyType: 0, coordinatorKeys: [group] });
    await pause(50);
  }
  return [`the offsets of the group are ${found.join(', ')}, not ${expected.join(', ')}`];
}
