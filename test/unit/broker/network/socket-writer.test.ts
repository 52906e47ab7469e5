import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
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

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function pair(isPlain: boolean): Promise<Pair> {
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
  return { accepted, client, writer: writerOf(accepted, events), told, errors };
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
