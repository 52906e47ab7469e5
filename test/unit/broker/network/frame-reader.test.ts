import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader } from '../../../../src/broker/network/frame-reader.ts';
import { MalformedMessage } from '../../../../src/protocol/malformed-message.ts';

interface Cut {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

const frame = (body: Uint8Array): Buffer => {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(body.length);
  return Buffer.concat([prefix, body]);
};

function readerWithFrames(maxBytes = 1_000_000): { reader: FrameReader; frames: Cut[] } {
  const frames: Cut[] = [];
  const reader = new FrameReader(maxBytes, (buffer, start, end) => {
    frames.push({ buffer, start, end });
  });
  return { reader, frames };
}

const bodies = (frames: readonly Cut[]): Buffer[] =>
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
