import { describe, expect, it } from '@jest/globals';
import { encode, encodeInto } from '../../../src/protocol/codec.ts';
import { fetch } from '../../../src/protocol/messages/fetch.ts';
import type { FetchResponse } from '../../../src/protocol/messages/fetch.ts';
import { heartbeat } from '../../../src/protocol/messages/heartbeat.ts';
import { metadata } from '../../../src/protocol/messages/metadata.ts';
import { WireWriter } from '../../../src/protocol/wire-writer.ts';

const ranges = (...texts: string[]) =>
  texts.map((text) => ({ buffer: Buffer.from(text), start: 0, end: text.length }));

const fetched = (...records: FetchResponse['responses'][0]['partitions'][0]['records'][]) => ({
  throttleTimeMs: 0,
  responses: [
    {
      topic: 'orders',
      partitions: records.map((each, partitionIndex) => ({
        partitionIndex,
        errorCode: 0,
        highWatermark: 9,
        abortedTransactions: null,
        records: each,
      })),
    },
  ],
});

describe('chunks', () => {
  it('hold the records in their own memory, in order', () => {
    const [first, second, third] = ranges('first', 'second', 'third');
    const message = fetched(first!, null, [second!, third!]);
    const writer = new WireWriter();
    encodeInto(writer, fetch.response, 11, message);
    const chunks = writer.chunks();
    expect(chunks.map((chunk) => chunk.toString('latin1')).filter((t) => /^\w+$/.test(t))).toEqual([
      'first',
      'second',
      'third',
    ]);
    expect(chunks[1]!.buffer).toBe(first!.buffer.buffer);
    expect(Buffer.concat(chunks)).toEqual(encode(fetch.response, 11, message));
    expect(writer.size).toBe(Buffer.concat(chunks).length);
  });

  it('stay right when the memory grows behind a range', () => {
    const records = ranges(...Array.from({ length: 500 }, (_, i) => `<batch ${i}>`));
    const small = new WireWriter(16);
    encodeInto(small, fetch.response, 12, fetched(...records));
    const large = new WireWriter(1 << 20);
    encodeInto(large, fetch.response, 12, fetched(...records));
    expect(Buffer.concat(small.chunks())).toEqual(Buffer.concat(large.chunks()));
  });
});

describe('a message that was encoded before', () => {
  it.each([
    { size: 100, how: 'is copied where it is small', isCopied: true },
    { size: 100_000, how: 'stays in its own memory where it is large', isCopied: false },
  ])('$how', ({ size, isCopied }) => {
    const message = Buffer.alloc(size, 'message');
    const writer = new WireWriter();
    for (const errorCode of [3, 4]) {
      writer.beginFrame();
      encodeInto(writer, heartbeat.response, 0, { errorCode });
      writer.encoded(message);
      expect(writer.endFrame()).toBe(6 + size);
    }
    const chunks = writer.chunks();
    expect(chunks.some(({ buffer }) => buffer === message.buffer)).toBe(!isCopied);
    const head = (errorCode: number): Buffer => {
      const bytes = Buffer.alloc(6);
      bytes.writeInt32BE(2 + size);
      bytes.writeInt16BE(errorCode, 4);
      return bytes;
    };
    expect(Buffer.concat(chunks)).toEqual(Buffer.concat([head(3), message, head(4), message]));
  });
});

describe('frames', () => {
  it('follow each other, each with its length, records included', () => {
    const writer = new WireWriter(8);
    writer.beginFrame();
    encodeInto(writer, fetch.response, 4, fetched(ranges('batch')[0]!));
    const first = writer.endFrame();
    writer.beginFrame();
    encodeInto(writer, heartbeat.response, 0, { errorCode: 3 });
    expect(writer.endFrame()).toBe(6);
    const bytes = Buffer.concat(writer.chunks());
    expect(bytes.readInt32BE(0)).toBe(first - 4);
    expect(bytes.subarray(first).toString('hex')).toBe('000000020003');
    expect(writer.size).toBe(bytes.length);
  });

  it('can be taken back, with the ranges they brought', () => {
    const writer = new WireWriter();
    writer.beginFrame();
    encodeInto(writer, heartbeat.response, 0, { errorCode: 3 });
    writer.endFrame();
    writer.beginFrame();
    encodeInto(writer, fetch.response, 4, fetched(ranges('batch')[0]!));
    writer.abandonFrame();
    expect(Buffer.concat(writer.chunks()).toString('hex')).toBe('000000020003');
    expect(writer.size).toBe(6);
  });
});

describe('a writer', () => {
  it('starts afresh in the same memory', () => {
    const writer = new WireWriter();
    const memory = writer.buffer;
    for (let round = 0; round < 3; round++) {
      writer.reset();
      encodeInto(writer, fetch.response, 4, fetched(ranges('batch')[0]!));
      expect(Buffer.concat(writer.chunks())).toEqual(
        encode(fetch.response, 4, fetched(ranges('batch')[0]!)),
      );
    }
    expect(writer.buffer).toBe(memory);
  });

  it('gives up memory that one large message made it take', () => {
    const writer = new WireWriter();
    const topics = Array.from({ length: 50_000 }, (_, i) => ({ name: `topic-${i}` }));
    encodeInto(writer, metadata.request, 1, { topics });
    expect(writer.capacity).toBeGreaterThan(500_000);
    writer.reset();
    expect(writer.capacity).toBeLessThan(100_000);
  });
});
