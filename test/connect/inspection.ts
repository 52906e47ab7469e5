import type { RawClient } from '../support/raw-client.ts';
import type { ConnectCluster } from './connect-cluster.ts';
import type { ConnectRest } from './connect-rest.ts';
import { numbersPartitions, numberTasks, sinkNames, sourceNames } from './connectors.ts';
import { offsetsTopic } from './internal-topics.ts';
import { sunkRecord } from './journal.ts';
import { linesIn, numberOf } from './line-feed.ts';
import { readTopic, type TopicContents } from './topic-contents.ts';
import {
  judgeSequence,
  judgeSink,
  type Delivery,
  type FoundNumber,
  type SequenceVerdict,
} from './verdict.ts';

export interface Findings {
  readonly numbers: Counts;
  readonly lines: Counts;
  /** Records that stand in the topics and that no consumer with `read_committed` gets. */
  readonly aborted: number;
  /** How often sinks were given something that they had been given before. */
  readonly sinkRepeats: number;
  readonly lineRepeats: number;
  /** What compaction has left in the topic of the sources' offsets. */
  readonly offsets: { readonly left: number; readonly written: number };
  readonly mistakes: readonly string[];
}
type Counts = Omit<SequenceVerdict, 'mistakes'>;

interface Inspection {
  readonly cluster: ConnectCluster;
  readonly client: RawClient;
  readonly delivery: Delivery;
}

/** Stops the sources, waits for the sinks, stops them, and compares all that was written, stored and given. */
export async function inspect({ cluster, client, delivery }: Inspection): Promise<Findings> {
  const { feed, journal, outputFile } = cluster;
  const { rest } = cluster.worker;
  feed.stop();
  const isWritten = (): boolean => new Set(linesIn(outputFile)).size >= feed.count;
  await cluster.until('all lines have come out', async () => isWritten());
  await stop(cluster, Object.values(sourceNames));
  const stored = await storedNumbers(rest);
  const numbers = await readTopic(client, sourceNames.numbers);
  const lines = await readTopic(client, sourceNames.lines);
  const inTopic = recordsOf(numbers);
  await cluster.until('all numbers have come out', async () =>
    [...inTopic].every((record) => journal.given.has(record)),
  );
  await stop(cluster, Object.values(sinkNames));

  const tasks = Array.from({ length: numberTasks }, (_, task) => {
    const end = Math.max(stored.get(task) ?? 0, journal.acknowledged.get(task) ?? 0);
    return judgeSequence(`numbers of task ${task}`, foundOf(numbers, task), end, delivery);
  });
  const lineVerdict = judgeSequence(
    'lines',
    (lines.committed[0] ?? []).map(({ offset, value }) => ({
      offset,
      number: numberOf(JSON.parse(value) as string),
    })),
    feed.count,
    delivery,
  );
  const numberSink = judgeSink(sinkNames.numbers, inTopic, journal.given);
  const lineSink = judgeSink(
    sinkNames.lines,
    new Set(lines.committed.flat().map(({ value }) => JSON.parse(value) as string)),
    counted(linesIn(outputFile)),
  );
  const offsets = await readTopic(client, offsetsTopic);
  return {
    numbers: {
      count: tasks.reduce((sum, { count }) => sum + count, 0),
      missing: tasks.reduce((sum, { missing }) => sum + missing, 0),
      repeated: tasks.reduce((sum, { repeated }) => sum + repeated, 0),
    },
    lines: lineVerdict,
    aborted: abortedIn(numbers) + abortedIn(lines),
    sinkRepeats: numberSink.repeated,
    lineRepeats: lineSink.repeated,
    offsets: { left: offsets.recordCount, written: offsets.offsetCount },
    mistakes: [
      ...tasks.flatMap(({ mistakes }) => mistakes),
      ...lineVerdict.mistakes,
      ...numberSink.mistakes,
      ...lineSink.mistakes,
      ...(numbers.committed.length === numbersPartitions
        ? []
        : [`topic numbers has ${numbers.committed.length} partitions`]),
      ...(await sinkOffsetMistakes(rest, sinkNames.numbers, numbers)),
      ...(await sinkOffsetMistakes(rest, sinkNames.lines, lines)),
    ],
  };
}

/** Has the sink of the lines forget where it is: it then writes all of them once more. */
export async function resetSink(cluster: ConnectCluster): Promise<string[]> {
  const { rest } = cluster.worker;
  const before = counted(linesIn(cluster.outputFile));
  await rest.resetOffsets(sinkNames.lines);
  const left = await rest.offsets(sinkNames.lines);
  if (left.length > 0) return [`offsets that were reset are there: ${JSON.stringify(left)}`];
  await rest.resume(sinkNames.lines);
  await cluster.until('a sink whose offsets were reset has read all again', async () => {
    const after = counted(linesIn(cluster.outputFile));
    return [...before].every(([line, count]) => (after.get(line) ?? 0) > count);
  });
  return [];
}

async function stop(cluster: ConnectCluster, names: readonly string[]): Promise<void> {
  const { rest } = cluster.worker;
  for (const name of names) {
    await rest.stop(name);
    await cluster.until(`${name} has stopped`, async () => {
      const { connector, tasks } = await rest.status(name);
      return connector.state === 'STOPPED' && tasks.length === 0;
    });
  }
}

/** By task: the number behind the last one that Kafka Connect has stored. */
async function storedNumbers(rest: ConnectRest): Promise<Map<number, number>> {
  const stored = new Map<number, number>();
  for (const { partition, offset } of await rest.offsets(sourceNames.numbers))
    stored.set(partition['id'] as number, (offset['seqno'] as number) + 1);
  return stored;
}

function foundOf({ committed }: TopicContents, task: number): FoundNumber[] {
  return committed
    .flat()
    .filter(({ key }) => key === String(task))
    .map(({ offset, value }) => ({ offset, number: Number(value) }));
}

function recordsOf({ committed }: TopicContents): Set<string> {
  return new Set(
    committed
      .flat()
      .map(({ key, value, offset }) => sunkRecord(Number(key), Number(value), offset)),
  );
}

function abortedIn({ committed, recordCount }: TopicContents): number {
  return recordCount - committed.flat().length;
}

/** A sink that has stopped has committed the offset behind the last record that it was given. */
async function sinkOffsetMistakes(
  rest: ConnectRest,
  name: string,
  { committed }: TopicContents,
): Promise<string[]> {
  const offsets = new Map(
    (await rest.offsets(name)).map(({ partition, offset }) => [
      partition['kafka_partition'],
      offset['kafka_offset'],
    ]),
  );
  return committed.flatMap((records, partition) => {
    const last = records.at(-1)?.offset;
    const found = offsets.get(partition);
    if (last === undefined || found === last + 1) return [];
    return [
      `${name}: partition ${partition} is committed at ${String(found)}, due was ${last + 1}`,
    ];
  });
}

function counted(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}
