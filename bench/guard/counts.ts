import { createTopics } from '../../src/protocol/messages/create-topics.ts';
import { fetch } from '../../src/protocol/messages/fetch.ts';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import { batchOf } from '../../test/support/batches.ts';
import { encodeRequest, RawClient } from '../../test/support/raw-client.ts';
import { CountedBroker } from './counted-broker.ts';
import { parkedFetches } from './parked-fetches.ts';

/** Counts by name; all of them are better when they are smaller. */
export type Counts = Readonly<Record<string, number>>;

/** Whoever counts system calls while something runs; undefined where that is not possible. */
export type SystemCallCounter = (
  pid: number,
  work: () => Promise<void>,
) => Promise<ReadonlyMap<string, number> | undefined>;

const topic = 'counted';
const produceVersion = 9;
const fetchVersion = 12;
const mebibyte = 1024 * 1024;
/** Clients that park a fetch at once, and how often they do. */
const consumers = 2000;
const rounds = 6;
/**
 * Of the garbage collector and its threads: when it runs is not a request's doing. (A buffer from
 * 128 KiB on is mapped, too; requests whose calls are counted take none.) And of waiting: how often
 * there is nothing to do yet is the client's doing.
 */
const ofTheMoment: ReadonlySet<string> = new Set([
  'futex',
  'mmap',
  'munmap',
  'mprotect',
  'madvise',
  'epoll_wait',
  'epoll_pwait',
]);
/** Else the pieces in which a large answer goes are the client's doing. */
const takesAllAtOnce = 'socket.send.buffer.bytes=-1';
const sessionSlots = 'max.incremental.fetch.session.cache.slots';

/**
 * Counts what a request costs that no other load on the machine changes: calls of read and write,
 * the bytes that go through them, and bytes of the JavaScript heap. One request at a time, and what
 * is counted with a large one is the least of several tries: how a frame arrives in pieces is chance.
 */
export async function count(systemCalls?: SystemCallCounter): Promise<Counts> {
  const broker = await CountedBroker.start(
    [`${sessionSlots}=${rounds * consumers}`, takesAllAtOnce].flatMap((one) => ['--override', one]),
  );
  try {
    const client = await RawClient.connect(broker.address);
    // The records are of long ago: retention would take them away on a machine that is slow.
    const configs = [{ name: 'retention.ms', value: '-1' }];
    await client.request(createTopics, 5, {
      topics: [{ name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
      timeoutMs: 10_000,
    });
    const counter = new Counter(broker, systemCalls);
    await smallProduces(counter, client);
    await packedProduces(counter, client);
    await largeProduces(counter, client);
    await fetches(counter, client);
    await metadatas(counter, client);
    await parked(counter, false);
    await parked(counter, true);
    client.close();
    return counter.counts;
  } finally {
    await broker.stop();
  }
}

class Counter {
  readonly counts: Record<string, number> = {};

  constructor(
    readonly broker: CountedBroker,
    private readonly systemCalls: SystemCallCounter | undefined,
  ) {}

  /** Reads and writes of `work`, divided by `units`; the least of `tries`. */
  async calls(name: string, unit: string, units: number, work: () => Promise<void>, tries = 1) {
    let best: Record<string, number> | undefined;
    for (let one = 0; one < tries; one++) {
      const before = this.broker.calls;
      await work();
      const after = this.broker.calls;
      const found = {
        reads: (after.reads - before.reads) / units,
        writes: (after.writes - before.writes) / units,
        'bytes read': (after.readBytes - before.readBytes) / units,
        'bytes written': (after.writeBytes - before.writeBytes) / units,
      };
      best ??= found;
      for (const [what, value] of Object.entries(found)) {
        best[what] = Math.min(best[what] ?? Infinity, value);
      }
    }
    for (const [what, value] of Object.entries(best ?? {})) this.note(name, what, unit, value);
    const traced = await this.systemCalls?.(this.broker.pid, work);
    if (traced === undefined) return;
    const counted = [...traced].filter(([call]) => !ofTheMoment.has(call));
    const all = counted.reduce((sum, [, calls]) => sum + calls, 0);
    this.note(name, 'system calls', unit, all / units);
  }

  /**
   * Bytes that `work` takes from the heap, the least of three tries, for the broker has other things
   * to do now and then; and those that it keeps, the one in the middle: what the compiler lets go
   * of would hide what is kept. With many requests the compiler's part of each is small.
   */
  async heap(name: string, unit: string, units: number, work: () => Promise<void>) {
    let taken = Infinity;
    const kept: number[] = [];
    for (let one = 0; one < 3; one++) {
      const before = await this.broker.heap(true);
      await work();
      const after = await this.broker.heap(false);
      const left = await this.broker.heap(true);
      kept.push(left.used - before.used);
      // A collection came between: what was taken cannot be told.
      if (after.collections > before.collections + 1) continue;
      taken = Math.min(taken, after.used - before.used);
    }
    this.note(name, 'heap bytes taken', unit, taken / units);
    this.note(name, 'heap bytes kept', unit, Math.max(0, median(kept)) / units);
  }

  note(name: string, what: string, unit: string, value: number): void {
    this.counts[`${name}: ${what} per ${unit}`] = Math.round(value * 1000) / 1000;
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

const produceRequest = (correlationId: number, value: string): Buffer =>
  encodeRequest(produce, produceVersion, correlationId, 'guard', {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: batchOf([value]) }] }],
  });

async function repeat(times: number, work: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < times; done++) await work();
}

/** Where the error code of a Produce response to one partition is. */
const errorCodeAt = 4 + 1 + 1 + 1 + topic.length + 1 + 4;

async function acknowledged(client: RawClient, answers = 1): Promise<void> {
  for (let answer = 0; answer < answers; answer++) {
    const code = (await client.frame()).readInt16BE(errorCodeAt);
    if (code !== 0) throw new Error(`a produce is refused with error code ${code}`);
  }
}

async function smallProduces(counter: Counter, client: RawClient): Promise<void> {
  const name = 'produce of one record';
  const request = produceRequest(1, 'a record of some forty bytes or a little more');
  const times = 2000;
  const send = (requests: number) =>
    repeat(requests, async () => {
      client.write(request);
      await acknowledged(client);
    });
  const work = () => send(times);
  await repeat(10, work); // until the functions are optimised
  await counter.calls(name, 'request', times, work, 2);
  const more = 5 * times;
  await counter.heap(name, 'request', more, () => send(more));
}

/** Twenty requests that arrive together are to be written and answered together. */
async function packedProduces(counter: Counter, client: RawClient): Promise<void> {
  const packed = 20;
  const one = produceRequest(1, 'a record of some forty bytes or a little more');
  const packet = Buffer.concat(Array.from({ length: packed }, () => one));
  const send = (times: number) =>
    repeat(times, async () => {
      client.write(packet);
      await acknowledged(client, packed);
    });
  const times = 200;
  const work = () => send(times);
  await repeat(5, work);
  await counter.calls('20 produces in one packet', 'packet', times, work, 2);
  const more = 5 * times;
  await counter.heap('20 produces in one packet', 'packet', more, () => send(more));
}

async function largeProduces(counter: Counter, client: RawClient): Promise<void> {
  const times = 64;
  const request = produceRequest(1, 'x'.repeat(128 * 1024));
  const work = async () =>
    repeat(times, async () => {
      client.write(request);
      await acknowledged(client);
    });
  await repeat(3, work);
  await counter.calls('produce of 128 KiB', 'MiB', (times * 128 * 1024) / mebibyte, work, 5);
}

/** Of the large batches that were produced last. */
async function fetches(counter: Counter, client: RawClient): Promise<void> {
  const response = await client.request(fetch, fetchVersion, fetchRequest(0, 0, 1));
  const end = response.responses[0]?.partitions[0]?.highWatermark ?? 0;
  const request = encodeRequest(
    fetch,
    fetchVersion,
    1,
    'guard',
    fetchRequest(end - 8, 0, mebibyte),
  );
  const times = 100;
  const send = (requests: number) =>
    repeat(requests, async () => {
      client.write(request);
      const { length } = await client.frame();
      if (length < 0.7 * mebibyte) throw new Error(`${length} bytes fetched instead of a MiB`);
    });
  const work = () => send(times);
  await repeat(5, work);
  await counter.calls('fetch of 1 MiB', 'MiB', times, work, 3);
  const more = 10 * times;
  await counter.heap('fetch of 1 MiB', 'request', more, () => send(more));
}

const fetchRequest = (fetchOffset: number, maxWaitMs: number, partitionMaxBytes: number) => ({
  maxWaitMs,
  minBytes: 1,
  maxBytes: 50 * mebibyte,
  topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes }] }],
  forgottenTopicsData: [],
});

async function metadatas(counter: Counter, client: RawClient): Promise<void> {
  const request = encodeRequest(metadata, 12, 1, 'guard', { topics: null });
  const times = 5000;
  const work = async () =>
    repeat(times, async () => {
      client.write(request);
      await client.frame();
    });
  await work();
  await counter.heap('metadata of all topics', 'request', times, work);
}

/**
 * Of what waits at the end of the log, each on a connection of its own. The median, for this is the
 * difference of two figures that have other things in them; the first round, which pays for what
 * happens only once, is left out.
 */
async function parked(counter: Counter, usesSessions: boolean): Promise<void> {
  const tries: number[] = [];
  for (let one = 0; one < rounds; one++) {
    const bytes = await parkedFetches(counter.broker, topic, consumers, usesSessions);
    if (one > 0) tries.push(bytes.fetch);
  }
  const name = usesSessions ? 'parked fetch of a session' : 'parked fetch';
  counter.note(name, 'bytes kept', 'request', median(tries));
}
