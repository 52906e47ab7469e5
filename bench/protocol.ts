import type { ByteRange } from '../src/protocol/byte-range.ts';
import { decodeFrom, encode, encodeInto } from '../src/protocol/codec.ts';
import { fetch } from '../src/protocol/messages/fetch.ts';
import { produce } from '../src/protocol/messages/produce.ts';
import type { MessageSchema } from '../src/protocol/schema.ts';
import { WireReader } from '../src/protocol/wire-reader.ts';
import { WireWriter } from '../src/protocol/wire-writer.ts';

/*
 * Nanoseconds to read and to write the messages of the hot path: `npx jiti bench/protocol.ts`. `frame`
 * is what the reader of a frame costs by itself; `read` includes it.
 */

// Where modules are transpiled to CommonJS an imported name is looked up at each call.
const [read, write, Reader] = [decodeFrom, encodeInto, WireReader];

const topicId = 'c29tZSB0b3BpYyBpZCAhIQ';
const batch: ByteRange = { buffer: Buffer.alloc(4096), start: 0, end: 4096 };

const produceRequest = {
  transactionalId: null,
  acks: -1,
  timeoutMs: 30_000,
  topicData: [{ name: 'orders', partitionData: [{ index: 3, records: batch }] }],
};
const produceResponse = {
  responses: [
    {
      name: 'orders',
      partitionResponses: [
        { index: 3, errorCode: 0, baseOffset: 123_456, logAppendTimeMs: -1, logStartOffset: 0 },
      ],
    },
  ],
  throttleTimeMs: 0,
};

const partitions = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const fetchRequest = (version: number, count: number) => ({
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 52_428_800,
  isolationLevel: 0,
  sessionId: 77,
  sessionEpoch: 5,
  topics: [
    {
      ...(version > 12 ? { topicId } : { topic: 'orders' }),
      partitions: partitions(count, (partition) => ({
        partition,
        currentLeaderEpoch: 4,
        fetchOffset: 1_000_000 + partition,
        partitionMaxBytes: 1_048_576,
      })),
    },
  ],
  forgottenTopicsData: [],
  rackId: '',
});
const fetchResponse = (version: number, count: number) => ({
  throttleTimeMs: 0,
  sessionId: 77,
  responses: [
    {
      ...(version > 12 ? { topicId } : { topic: 'orders' }),
      partitions: partitions(count, (partitionIndex) => ({
        partitionIndex,
        errorCode: 0,
        highWatermark: 2_000_000,
        lastStableOffset: 2_000_000,
        logStartOffset: 0,
        abortedTransactions: null,
        records: batch,
      })),
    },
  ],
});

function main(): void {
  console.log(
    'message                                        bytes      frame       read      write',
  );
  for (const version of [7, 9]) {
    row(`Produce request v${version}, 1 partition`, produce.request, version, produceRequest);
    row(`Produce response v${version}, 1 partition`, produce.response, version, produceResponse);
  }
  for (const version of [11, 12, 17]) {
    for (const count of [10, 1000]) {
      const what = `v${version}, ${count} partitions`;
      row(`Fetch request ${what}`, fetch.request, version, fetchRequest(version, count));
      row(`Fetch response ${what}`, fetch.response, version, fetchResponse(version, count));
    }
  }
}

function row<In>(
  name: string,
  schema: MessageSchema<unknown, In>,
  version: number,
  message: NoInfer<In>,
): void {
  const bytes = encode(schema, version, message);
  const range = { buffer: bytes, start: 0, end: bytes.length };
  const framing = nanoseconds(() => new Reader(range));
  const reading = nanoseconds(() => read(new Reader(range), schema, version));
  const writer = new WireWriter();
  const writing = nanoseconds(() => {
    writer.reset();
    write(writer, schema, version, message);
    return writer;
  });
  const columns = [bytes.length, framing, reading, writing].map(Math.round);
  console.log(name.padEnd(42) + columns.map((column) => String(column).padStart(10)).join(''));
}

let sink: unknown;

/** The best of five rounds, each about a tenth of a second. */
function nanoseconds(work: () => unknown): number {
  let count = 1;
  let best = Infinity;
  for (let round = 0; round < 12; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < count; i++) sink = work();
    const spent = Number(process.hrtime.bigint() - start);
    if (spent < 5e7) count = Math.ceil(count * Math.min(20, 1e8 / spent));
    else best = Math.min(best, spent / count);
  }
  return sink === main ? 0 : best;
}

main();
