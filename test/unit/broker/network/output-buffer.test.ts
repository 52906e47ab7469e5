import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { ByteBudget } from '../../../../src/broker/network/byte-budget.ts';
import { SystemFileSender } from '../../../../src/host/file-sender.ts';
import { SystemClock } from '../../../../src/host/system-clock.ts';
import { OutputBuffer, Writers, type Reply } from '../../../../src/broker/network/output-buffer.ts';
import type { WireWriter } from '../../../../src/protocol/wire-writer.ts';
import { madeOtherwise, socketPair, type SocketPair } from '../../../support/socket-pair.ts';
import { until } from '../../../support/until.ts';

class BytesReply implements Reply {
  timesSent = 0;

  constructor(private readonly bytes: Buffer) {}

  encode(writer: WireWriter): boolean {
    writer.pos = writer.bytes(writer.pos, this.bytes);
    return true;
  }

  sent(): void {
    this.timesSent++;
  }
}

let sockets: SocketPair;
afterEach(() => {
  sockets.close();
});

async function open(isPlain: boolean) {
  sockets = await socketPair();
  if (!isPlain) madeOtherwise(sockets.accepted);
  sockets.accepted.on('error', () => undefined);
  const outgoing = new ByteBudget(1e9);
  let progress = 0;
  let idle = 0;
  const output = new OutputBuffer(
    sockets.accepted,
    new Writers(),
    outgoing,
    () => progress++,
    () => idle++,
    { files: new SystemFileSender(), clock: new SystemClock() },
  );
  return { output, outgoing, progress: () => progress, idle: () => idle };
}

describe.each([
  { how: 'on the handle', isPlain: true },
  { how: 'through a stream', isPlain: false },
])('output $how', ({ isPlain }) => {
  it('counts an answer as a sign of life once the kernel has it', async () => {
    const { output, outgoing, progress } = await open(isPlain);
    const reply = new BytesReply(Buffer.from('answer'));
    output.add(reply);
    expect(progress()).toBe(0);
    expect(output.flush()).toBe(true);
    await until('the kernel has it', () => progress() === 1);
    expect({ sent: reply.timesSent, waiting: outgoing.used }).toEqual({ sent: 1, waiting: 0 });
  });

  it('holds what a slow reader leaves, and goes on when it reads', async () => {
    const { output, outgoing, idle } = await open(isPlain);
    const { client } = sockets;
    client.pause();
    const reply = new BytesReply(Buffer.alloc(20_000_000));
    output.add(reply);
    expect(output.flush()).toBe(false);
    expect({ sent: reply.timesSent, waiting: outgoing.used }).toEqual({ sent: 0, waiting: 2e7 });
    client.resume();
    await until('all is sent', () => idle() === 1 && reply.timesSent === 1);
    expect(outgoing.used).toBe(0);
  });

  it('gives everything back once when the socket is closed', async () => {
    const { output, outgoing } = await open(isPlain);
    const { accepted, client } = sockets;
    client.pause();
    const replies = [Buffer.alloc(20_000_000), Buffer.alloc(10)].map((b) => new BytesReply(b));
    for (const reply of replies) {
      output.add(reply);
      output.flush();
    }
    accepted.once('close', () => output.drop());
    accepted.destroy();
    await until('all is given back', () => replies.every(({ timesSent }) => timesSent > 0));
    await pause(10);
    expect(replies.map(({ timesSent }) => timesSent)).toEqual([1, 1]);
    expect(outgoing.used).toBe(0);
  });
});

describe('writers that nobody uses', () => {
  it('keep no more than a few megabytes', () => {
    const writers = new Writers();
    const taken = Array.from({ length: 200 }, () => writers.take());
    for (const writer of taken) writer.reserve(0, 250_000);
    for (const writer of taken) writers.give(writer);
    const again = taken.map(() => writers.take());
    const kept = again.reduce((sum, { capacity }) => sum + (capacity > 1024 ? capacity : 0), 0);
    expect(kept).toBeGreaterThan(4_000_000);
    expect(kept).toBeLessThanOrEqual(8 * 1024 * 1024);
  });
});
