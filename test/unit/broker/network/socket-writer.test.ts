import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SystemFileSender, type FileSender } from '../../../../src/host/file-sender.ts';
import { SystemClock } from '../../../../src/host/system-clock.ts';
import { FileRange } from '../../../../src/protocol/byte-range.ts';
import { writerOf, type SocketWriter } from '../../../../src/broker/network/socket-writer.ts';
import { madeOtherwise, socketPair } from '../../../support/socket-pair.ts';
import { until } from '../../../support/until.ts';

interface Pair {
  readonly accepted: Socket;
  readonly client: Socket;
  readonly writer: SocketWriter;
  /** What the writer told. */
  readonly told: string[];
  readonly errors: NodeJS.ErrnoException[];
}

const clock = new SystemClock();
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function pair(isPlain: boolean, files: FileSender = new SystemFileSender()): Promise<Pair> {
  const { accepted, client, close } = await socketPair();
  closing.push(close);
  if (!isPlain) madeOtherwise(accepted);
  const errors: NodeJS.ErrnoException[] = [];
  accepted.on('error', (error) => errors.push(error));
  const told: string[] = [];
  const events = {
    onSent: () => {
      told.push('sent');
    },
    onIdle: () => {
      told.push('idle');
    },
  };
  return { accepted, client, writer: writerOf(accepted, events, { files, clock }), told, errors };
}

const pattern = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => at % 251));

describe.each([
  { how: 'on the handle', isPlain: true },
  { how: 'through a stream', isPlain: false },
])('a writer $how', ({ isPlain }) => {
  it('brings chunks in order, however slow the reader is, and says when all is sent', async () => {
    const { client, writer, told } = await pair(isPlain);
    client.pause();
    const bytes = pattern(20_000_000);
    const whole = [bytes.subarray(0, 7), bytes.subarray(7, 15_000_000)];
    expect(writer.write(whole)).toBe(false);
    expect(writer.write([bytes.subarray(15_000_000)])).toBe(false);
    expect(writer.isWaiting).toBe(true);
    await pause(20);
    expect(told).toEqual([]);
    const received: Buffer[] = [];
    client.on('data', (chunk: Buffer) => received.push(chunk));
    client.resume();
    await until('all is read', () => received.reduce((sum, { length }) => sum + length, 0) === 2e7);
    await until('it is idle', () => told.includes('idle'));
    await until('both are sent', () => told.filter((what) => what === 'sent').length === 2);
    expect(told).toHaveLength(3);
    expect(writer.isWaiting).toBe(false);
    expect(Buffer.concat(received).equals(bytes)).toBe(true);
  });

  it('breaks the socket when its client is gone', async () => {
    const { accepted, client, writer, told, errors } = await pair(isPlain);
    client.resetAndDestroy();
    for (let tries = 0; tries < 100 && !accepted.destroyed; tries++) {
      writer.write([pattern(100_000)]);
      await pause(5);
    }
    expect(accepted.destroyed).toBe(true);
    expect(errors.map(({ code }) => code)).toEqual([expect.stringMatching(/^(EPIPE|ECONNRESET)$/)]);
    expect(writer.write([pattern(10)])).toBe(isPlain); // nothing waits for it any more
    if (isPlain) expect(told).not.toContain('idle');
  });
});

describe('a writer on the handle', () => {
  it('says at once that the kernel has what fits', async () => {
    const { client, writer, told } = await pair(true);
    const received: Buffer[] = [];
    client.on('data', (chunk: Buffer) => received.push(chunk));
    expect(writer.write([Buffer.from('one')])).toBe(true);
    expect(writer.write([Buffer.from('two'), Buffer.from('three')])).toBe(true);
    expect(writer.isWaiting).toBe(false);
    await until('it is read', () => Buffer.concat(received).toString() === 'onetwothree');
    expect(told).toEqual([]);
  });

  it('follows what more chunks make wait than the system takes at once', async () => {
    const pairs = await Promise.all([pair(true), pair(true)]);
    const chunks = Array.from({ length: 2500 }, (_, at) => Buffer.from(`${at},`));
    const received = pairs.map(() => [] as Buffer[]);
    for (const [at, { client }] of pairs.entries()) {
      client.on('data', (chunk: Buffer) => received[at]?.push(chunk));
    }
    // In one turn: nothing of the first may be in the way of the second.
    expect(pairs.map(({ writer }) => writer.write(chunks))).toEqual([false, false]);
    for (const { writer } of pairs) writer.write([Buffer.from('end')]);
    await until('both are idle', () => pairs.every(({ told }) => told.includes('idle')));
    const all = `${Buffer.concat(chunks).toString()}end`;
    await until('all is read', () =>
      received.every((found) => Buffer.concat(found).length === all.length),
    );
    expect(received.map((found) => Buffer.concat(found).toString())).toEqual([all, all]);
    for (const { told } of pairs) expect(told.filter((what) => what === 'idle')).toHaveLength(1);
  });

  it('gives up what waits when the socket is destroyed', async () => {
    const { accepted, client, writer, told, errors } = await pair(true);
    client.pause();
    expect(writer.write([pattern(20_000_000)])).toBe(false);
    accepted.destroy();
    await new Promise((resolve) => accepted.once('close', resolve));
    await pause(10);
    expect({ told, errors }).toEqual({ told: [], errors: [] });
    expect(writer.write([pattern(10)])).toBe(true);
  });
});

describe('a writer of parts in files', () => {
  const bytes = pattern(9_000_000);
  /** A file with these bytes, open. */
  function newFile(): number {
    const folder = mkdtempSync(join(tmpdir(), 'odradek-parts-'));
    const file = openSync(join(folder, 'file'), 'w+');
    writeSync(file, bytes);
    closing.push(() => {
      closeSync(file);
      rmSync(folder, { recursive: true });
    });
    return file;
  }

  const system = new SystemFileSender(102_400);
  const prepare = (): void => undefined;
  const announce = prepare;
  const read: FileSender['read'] = (file, target, position) => system.read(file, target, position);

  it.each<{ how: string; files: FileSender }>([
    { how: 'by the system', files: system },
    {
      how: 'where the system cannot',
      files: { isUseful: false, prepare, announce, send: () => -1, read },
    },
    {
      how: 'where the socket takes little at a time',
      files: {
        isUseful: true,
        prepare,
        announce,
        read,
        send: (socket, file, position, length) =>
          position % 3 === 0 ? -1 : system.send(socket, file, position, Math.min(length, 100_001)),
      },
    },
  ])('sends them between parts in memory, in order, $how', async ({ files }) => {
    const { client, writer, told } = await pair(true, files);
    client.pause();
    const file = newFile();
    const calls = [
      [Buffer.from('one'), new FileRange(file, 0, 10), Buffer.from('two'), Buffer.from('three')],
      [new FileRange(file, 5, 8_900_000)],
      [Buffer.from('four')],
      [new FileRange(file, 8_000_000, 9_000_000), new FileRange(file, 0, 1), bytes],
      [Buffer.from('five')],
    ];
    const taken = calls.map((parts) => writer.write(parts));
    expect(taken).toEqual([true, false, false, false, false]);
    expect(writer.isWaiting && writer.holdsBack).toBe(true);
    await pause(30);
    expect(told).toEqual([]);
    const expected = Buffer.concat(
      calls
        .flat()
        .map((part) => (part instanceof FileRange ? bytes.subarray(part.start, part.end) : part)),
    );
    const received: Buffer[] = [];
    let length = 0;
    client.on('data', (chunk: Buffer) => {
      received.push(chunk);
      length += chunk.length;
    });
    client.resume();
    await until('all is read', () => length >= expected.length);
    await until('it is idle', () => told.includes('idle'));
    expect(Buffer.concat(received).equals(expected)).toBe(true);
    expect(told).toEqual(['sent', 'sent', 'sent', 'sent', 'idle']);
    expect(writer.isWaiting).toBe(false);
    expect(writer.write([Buffer.from('six')])).toBe(true);
  });

  it('waits for what was written before in memory alone', async () => {
    const { client, writer, told } = await pair(true);
    client.pause();
    expect(writer.write([bytes])).toBe(false);
    expect(writer.write([new FileRange(newFile(), 3, 100_003)])).toBe(false);
    const received: Buffer[] = [];
    client.on('data', (chunk: Buffer) => received.push(chunk));
    client.resume();
    await until('it is idle', () => told.includes('idle'));
    const expected = Buffer.concat([bytes, bytes.subarray(3, 100_003)]);
    await until('all is read', () => Buffer.concat(received).length === expected.length);
    expect(Buffer.concat(received).equals(expected)).toBe(true);
    expect(told).toEqual(['sent', 'sent', 'idle']);
  });

  it('breaks the socket where the file ends too soon', async () => {
    for (const size of [0, 5_000_000]) {
      const { accepted, client, writer, errors } = await pair(true);
      client.resume();
      const file = newFile();
      ftruncateSync(file, size);
      let unreadable = 0;
      writer.write([Buffer.from('head'), new FileRange(file, 0, 9_000_000, () => unreadable++)]);
      await until('it is broken', () => accepted.destroyed);
      await until('it is told', () => errors.length > 0);
      expect(errors.map(({ message }) => message)).toEqual([
        'a file ends before what was to be sent of it',
      ]);
      expect(unreadable).toBe(1);
    }
  });

  it('breaks the socket where the file cannot be read', async () => {
    const failure = Object.assign(new Error('EIO'), { code: 'EIO' });
    const files: FileSender = {
      isUseful: true,
      prepare,
      announce,
      send: () => -1,
      read: () => {
        throw failure;
      },
    };
    const { accepted, writer, errors } = await pair(true, files);
    let unreadable = 0;
    writer.write([new FileRange(newFile(), 0, 9_000_000, () => unreadable++)]);
    expect({ isDestroyed: accepted.destroyed, unreadable }).toEqual({
      isDestroyed: true,
      unreadable: 1,
    });
    await until('it is told', () => errors.length > 0);
    expect(errors).toEqual([failure]);
  });

  it('gives up when the socket is destroyed, or its client is gone', async () => {
    const file = newFile();
    const { accepted, client, writer, told } = await pair(true);
    client.pause();
    expect(writer.write([new FileRange(file, 0, 9_000_000)])).toBe(false);
    accepted.destroy();
    await new Promise((resolve) => accepted.once('close', resolve));
    await pause(10);
    expect(told).toEqual([]);
    expect(writer.write([new FileRange(file, 0, 10)])).toBe(true);

    const other = await pair(true);
    other.client.resetAndDestroy();
    for (let tries = 0; tries < 100 && !other.accepted.destroyed; tries++) {
      other.writer.write([new FileRange(file, 0, 100_000)]);
      await pause(5);
    }
    expect(other.errors.map(({ code }) => code)).toEqual([
      expect.stringMatching(/^(EPIPE|ECONNRESET)$/),
    ]);
  });
});
