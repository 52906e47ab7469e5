import { describe, expect, it } from '@jest/globals';
import { readInto } from '../../../../src/broker/network/lent-reads.ts';
import { madeOtherwise, socketPair } from '../../../support/socket-pair.ts';

describe('reads into memory that is lent', () => {
  it('bring what was sent, through a pause, and then the end', async () => {
    const { accepted, client, close } = await socketPair();
    const memories = [Buffer.alloc(10_000), Buffer.alloc(777)];
    const received: Buffer[] = [];
    let reads = 0;
    const isLent = readInto(
      accepted,
      () => memories[reads % 2] as Buffer,
      (memory, bytes) => {
        expect(memory).toBe(memories[reads % 2]);
        received.push(Buffer.from(memory.subarray(0, bytes)));
        if (++reads !== 3) return;
        accepted.pause();
        setImmediate(() => accepted.resume());
      },
    );
    expect(isLent).toBe(true); // in the versions of Node that the tests run on
    accepted.on('data', (chunk: Buffer) => received.push(chunk));
    const ended = new Promise((resolve) => accepted.once('end', resolve));
    const sent = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => at % 251));
    client.end(sent);
    await ended;
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    expect(reads).toBeGreaterThan(3);
    close();
  });

  it('are left to a socket that is made otherwise', async () => {
    const { accepted, close } = await socketPair();
    madeOtherwise(accepted);
    expect(
      readInto(
        accepted,
        () => Buffer.alloc(10),
        () => undefined,
      ),
    ).toBe(false);
    close();
  });
});
