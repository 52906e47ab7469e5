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

function readerWithFrames(maxBytes = 1_000_000): { reader: FrameReader; frames: Frame[] } {
  const frames: Frame[] = [];
  const reader = new FrameReader(maxBytes, new FrameMemory(), (cut) => frames.push(cut));
  return { reader, frames };
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
        fc.array(fc.uint8Array({ maxLength: 6_000 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 20 }),
        (sent, cuts) => {
          const { reader, frames } = readerWithFrames();
          const stream = Buffer.concat(sent.map(frame));
          const memory = Buffer.alloc(9_000);
          for (let at = 0, i = 0; at < stream.length; i++) {
            const bytes = stream.copy(memory, 0, at, at + (cuts[i % cuts.length] ?? 1));
            reader.push(memory, bytes, true);
            memory.fill(0xee);
            at += bytes;
          }
          expect(bodies(frames)).toEqual(sent.map((body) => Buffer.from(body)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('that are given back make room for others, those that are not stay as they are', () => {
    const { reader, frames } = readerWithFrames();
    const [one, two, three] = ['1', '2', '3'].map((text) => frame(Buffer.from(text.repeat(5000))));
    reader.push(one!, one!.length, true);
    reader.push(two!, two!.length, true);
    frames[0]!.lent?.release();
    reader.push(three!, three!.length, true);
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
