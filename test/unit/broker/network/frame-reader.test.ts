import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrameMemory, type Frame } from '../../../../src/broker/network/frame-memory.ts';
import { FrameReader } from '../../../../src/broker/network/frame-reader.ts';
import { MalformedMessage } from '../../../../src/protocol/malformed-message.ts';

const frame = (body: Uint8Array): Buffer => {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(body.length);
  return Buffer.concat([prefix, body]);
};

function readerWithFrames(maxBytes = 1_000_000): {
  reader: FrameReader;
  frames: Frame[];
  memory: FrameMemory;
} {
  const frames: Frame[] = [];
  const memory = new FrameMemory();
  const reader = new FrameReader(maxBytes, memory, (cut) => frames.push(cut));
  return { reader, frames, memory };
}

const bodies = (frames: readonly Frame[]): Buffer[] =>
  frames.map(({ buffer, start, end }) => Buffer.from(buffer.subarray(start, end)));

describe('frames', () => {
  it('are cut out of one chunk where they lie', () => {
    const { reader, frames } = readerWithFrames();
    const chunk = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.from('second'))]);
    reader.push(chunk);
    expect(bodies(frames).map(String)).toEqual(['one', 'second']);
    expect(frames.every(({ buffer }) => buffer === chunk)).toBe(true);
  });

  it('come out the same wherever the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 20 }),
        (sent, cuts) => {
          const { reader, frames } = readerWithFrames();
          const stream = Buffer.concat(sent.map(frame));
          for (let at = 0, i = 0; at < stream.length; i++) {
            const length = cuts[i % cuts.length] ?? 1;
            reader.push(stream.subarray(at, at + length));
            at += length;
          }
          expect(bodies(frames)).toEqual(sent.map((body) => Buffer.from(body)));
          expect(reader.pendingBytes).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('come out the same of memory that is written over after each read', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 3_000, max: 90_000 }), { minLength: 1, maxLength: 20 }),
        (sizes, cuts) => {
          const { reader, frames, memory } = readerWithFrames();
          const sent = sizes.map((size, i) => Buffer.alloc(size, `${i} of ${size} `));
          const stream = Buffer.concat(sent.map(frame));
          for (let at = 0, i = 0; at < stream.length; i++) {
            const { target } = reader;
            const bytes = stream.copy(target, 0, at, at + (cuts[i % cuts.length] ?? 1));
            reader.pushRead(target, bytes);
            memory.incoming.fill(0xee, 0, 90_000);
            at += bytes;
          }
          const got = bodies(frames);
          expect(got.map(({ length }) => length)).toEqual(sizes);
          expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true);
          expect(reader.pendingBytes).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('that are large are read to where they stay, and no further', () => {
    const { reader, frames, memory } = readerWithFrames();
    const large = frame(Buffer.alloc(200_000, 'large'));
    expect(reader.target).toBe(memory.incoming);
    reader.pushRead(memory.incoming, large.copy(memory.incoming, 0, 0, 60_000));
    const { target } = reader;
    expect(target.buffer).not.toBe(memory.incoming.buffer);
    expect(target).toHaveLength(large.length - 60_000);
    large.copy(target, 0, 60_000);
    reader.pushRead(target, target.length);
    expect(frames[0]!.buffer.buffer).toBe(target.buffer);
    expect(bodies(frames)[0]?.equals(large.subarray(4))).toBe(true);
  });

  it.each([
    [98_303, 256 * 1024],
    [98_304, 16 * 1024 + 4],
    [262_143, 16 * 1024 + 4],
    [262_144, 128 * 1024 + 4],
  ])('of %i bytes are followed by a read of at most %i', (size, expected) => {
    const { reader, frames, memory } = readerWithFrames();
    for (const sent of [Buffer.alloc(size, 'one'), Buffer.alloc(size, 'two')].map(frame)) {
      for (let at = 0; at < sent.length;) {
        const { target } = reader;
        const bytes = sent.copy(target, 0, at);
        reader.pushRead(target, bytes);
        at += bytes;
      }
      expect(reader.target.buffer).toBe(memory.incoming.buffer);
      expect(reader.target).toHaveLength(expected);
    }
    expect(bodies(frames).map((body) => body.toString('latin1', 0, 3))).toEqual(['one', 'two']);
    const small = frame(Buffer.from('small'));
    reader.pushRead(reader.target, small.copy(reader.target));
    expect(reader.target).toBe(memory.incoming);
  });

  it('that are given back make room for others, those that are not stay as they are', () => {
    const { reader, frames, memory } = readerWithFrames();
    const read = (bytes: Buffer): void =>
      reader.pushRead(memory.incoming, bytes.copy(memory.incoming));
    const [one, two, three] = ['1', '2', '3'].map((text) => frame(Buffer.from(text.repeat(5000))));
    read(one!);
    read(two!);
    frames[0]!.lent?.release();
    read(three!);
    expect(frames[2]!.buffer).toBe(frames[0]!.buffer);
    expect(bodies(frames.slice(1)).map(String)).toEqual(['2'.repeat(5000), '3'.repeat(5000)]);
  });

  it('may be cut at every byte', () => {
    const { reader, frames } = readerWithFrames();
    for (const byte of Buffer.concat([frame(Buffer.from('ab')), frame(Buffer.alloc(0))])) {
      reader.push(Buffer.of(byte));
    }
    expect(bodies(frames).map(String)).toEqual(['ab', '']);
  });

  it.each([-1, 1001, 0x7fffffff])('row 4: a length of %i ends the stream', (length) => {
    const { reader } = readerWithFrames(1000);
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(length);
    expect(() => reader.push(prefix)).toThrow(MalformedMessage);
  });

  it('row 4: a frame of just the limit passes', () => {
    const { reader, frames } = readerWithFrames(1000);
    reader.push(frame(Buffer.alloc(1000)));
    expect(frames).toHaveLength(1);
  });

  it('take memory for what has arrived, not for what was announced', () => {
    const { reader } = readerWithFrames(100_000_000);
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(100_000_000);
    const before = process.memoryUsage().arrayBuffers;
    reader.push(Buffer.concat([prefix, Buffer.alloc(10)]));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    expect(reader.pendingBytes).toBe(10);
  });
});
