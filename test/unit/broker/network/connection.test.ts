import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { SystemFileSender } from '../../../../src/host/file-sender.ts';
import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../../src/host/logger.ts';
import { ByteBudget } from '../../../../src/broker/network/byte-budget.ts';
import {
  Connection,
  type Answer,
  type Outcome,
} from '../../../../src/broker/network/connection.ts';
import { FrameMemory } from '../../../../src/broker/network/frame-memory.ts';
import { Writers, type Reply } from '../../../../src/broker/network/output-buffer.ts';
import type { WireWriter } from '../../../../src/protocol/wire-writer.ts';
import { ManualClock, settle } from '../../../support/manual-clock.ts';

/** A socket whose other end is the test. */
class FakeSocket extends Duplex {
  readonly remoteAddress = '::ffff:10.0.0.7';
  readonly written: Buffer[] = [];
  /** Calls that a real socket would make to the kernel. */
  systemCalls = 0;
  isReading = true;
  private taken: (() => void) | undefined;

  constructor(private readonly isSlow = false) {
    super({ writableHighWaterMark: 100 });
  }

  override _read(): void {
    // The test pushes.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this._writev([{ chunk }], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.systemCalls++;
    this.written.push(...chunks.map(({ chunk }) => Buffer.from(chunk)));
    if (this.isSlow) this.taken = done;
    else done();
  }

  /** The slow reader reads. */
  readOn(): void {
    this.taken?.();
  }

  destroySoon(): void {
    this.end(() => this.destroy());
  }

  get text(): string {
    return Buffer.concat(this.written).toString();
  }
}

const frame = (text: string): Buffer => {
  const body = Buffer.from(text);
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(body.length);
  return Buffer.concat([prefix, body]);
};

class TextReply implements Reply {
  isSent = false;
  constructor(private readonly text: string) {}

  encode(writer: WireWriter): boolean {
    writer.pos = writer.bytes(writer.pos, Buffer.from(this.text));
    return true;
  }

  sent(): void {
    this.isSent = true;
  }
}

interface Late {
  readonly request: string;
  settle(outcome: Outcome): void;
}

interface Setup {
  readonly socket: FakeSocket;
  readonly connection: Connection;
  /** Requests that were begun, in order. */
  readonly begun: string[];
  /** Those of them that wait: they begin with `wait` or are Produce requests. */
  readonly late: Late[];
  readonly incoming: ByteBudget;
  readonly outgoing: ByteBudget;
  readonly closed: () => boolean;
}

const produceMark = '\0\0';

function open({ isSlow = false, budget = 1000, maxRequestBytes = 1000 } = {}): Setup {
  const socket = new FakeSocket(isSlow);
  const begun: string[] = [];
  const late: Late[] = [];
  let isClosed = false;
  const answer: Answer = ({ buffer, start, end }, pending) => {
    const request = buffer.toString('utf8', start, end).replace(produceMark, 'produce');
    begun.push(request);
    if (request === 'bad') return 'close';
    if (request === 'quiet') return 'silence';
    if (!request.startsWith('wait') && !request.startsWith('produce')) {
      return new TextReply(`<${request}>`);
    }
    late.push({ request, settle: (outcome) => pending.settle(outcome) });
    return 'later';
  };
  const incoming = new ByteBudget(budget);
  const outgoing = new ByteBudget(budget);
  const connection = new Connection(
    socket as unknown as Socket,
    'PLAINTEXT',
    {
      answer,
      settings: { maxRequestBytes },
      incoming,
      outgoing,
      writers: new Writers(),
      memory: new FrameMemory(),
      files: new SystemFileSender(),
      clock: new ManualClock(),
      logger: silentLogger,
    },
    () => (isClosed = true),
  );
  return { socket, connection, begun, late, incoming, outgoing, closed: () => isClosed };
}

describe('a connection', () => {
  it('row 1: answers requests of one chunk in order, with one write', async () => {
    const { socket } = open();
    socket.push(Buffer.concat([frame('a'), frame('b'), frame('c')]));
    await settle();
    expect(socket.text).toBe('<a><b><c>');
    expect(socket.systemCalls).toBe(1);
  });

  it('row 1: does not begin what stands behind a waiting request', async () => {
    const { socket, begun, late } = open();
    socket.push(Buffer.concat([frame('a'), frame('wait'), frame('b')]));
    await settle();
    expect(begun).toEqual(['a', 'wait']);
    expect(socket.text).toBe('<a>');
    late[0]?.settle(new TextReply('<waited>'));
    await settle();
    expect(socket.text).toBe('<a><waited><b>');
  });

  it('begins Produce requests together and answers them in order', async () => {
    const { socket, begun, late } = open();
    const requests = ['1', '2'].map((name) => frame(produceMark + name));
    socket.push(Buffer.concat([...requests, frame('after')]));
    await settle();
    expect(begun).toEqual(['produce1', 'produce2']);
    late[1]?.settle(new TextReply('<2>'));
    await settle();
    expect(socket.text).toBe('');
    late[0]?.settle(new TextReply('<1>'));
    await settle();
    expect(socket.text).toBe('<1><2><after>');
  });

  it('answers what is last under way at once, and what others are still behind with one write', async () => {
    const { socket, late } = open();
    socket.push(frame(produceMark + '1'));
    await settle();
    late[0]?.settle(new TextReply('<1>'));
    expect(socket.text).toBe('<1>');

    socket.push(Buffer.concat(['2', '3', '4'].map((name) => frame(produceMark + name))));
    await settle();
    const before = socket.systemCalls;
    late[1]?.settle(new TextReply('<2>'));
    late[2]?.settle(new TextReply('<3>'));
    expect(socket.text).toBe('<1>');
    await settle();
    expect(socket.text).toBe('<1><2><3>');
    expect(socket.systemCalls).toBe(before + 1);
    late[3]?.settle(new TextReply('<4>'));
    expect(socket.text).toBe('<1><2><3><4>');
  });

  it('begins Produce requests up to some megabytes, and others as those are answered', async () => {
    const { socket, begun, late } = open({ budget: 1e9, maxRequestBytes: 1e7 });
    const names = ['1', '2', '3', '4', '5'];
    const filled = (name: string) => frame(produceMark + name.padEnd(3_000_000, '.'));
    socket.push(Buffer.concat(names.map(filled)));
    await settle();
    const first = () => begun.map((request) => request.replace('produce', '')[0]).join('');
    expect(first()).toBe('123');
    late[0]?.settle(new TextReply('<1>'));
    await settle();
    expect(first()).toBe('1234');
    for (const one of [1, 2, 3]) late[one]?.settle(new TextReply(`<${one + 1}>`));
    await settle();
    late[4]?.settle(new TextReply('<5>'));
    await settle();
    expect(socket.text).toBe('<1><2><3><4><5>');
  });

  it('row 2: says nothing where there is no response', async () => {
    const { socket } = open();
    socket.push(Buffer.concat([frame('quiet'), frame('a')]));
    await settle();
    expect(socket.text).toBe('<a>');
  });

  it('row 3: closes where there is no safe reply, after what was answered before', async () => {
    const { socket, begun, closed } = open();
    socket.push(Buffer.concat([frame('a'), frame('bad'), frame('b')]));
    await settle();
    expect(begun).toEqual(['a', 'bad']);
    expect(socket.text).toBe('<a>');
    expect(closed()).toBe(true);
  });

  it('row 4: closes when a frame is too large, after what waits is answered', async () => {
    const { socket, late, closed } = open({ maxRequestBytes: 10 });
    socket.push(Buffer.concat([frame('wait'), frame('more than ten bytes')]));
    await settle();
    expect(closed()).toBe(false);
    late[0]?.settle(new TextReply('<waited>'));
    await settle();
    expect(socket.text).toBe('<waited>');
    expect(closed()).toBe(true);
  });

  it('tells the client by its IPv4 address', () => {
    expect(open().connection.clientHost).toBe('10.0.0.7');
  });

  it('reads no further while its client does not read', async () => {
    const { socket, begun } = open({ isSlow: true });
    socket.push(frame('x'.repeat(200)));
    await settle();
    socket.push(frame('next'));
    await settle();
    expect(begun).toHaveLength(1);
    expect(socket.isPaused()).toBe(true);
    socket.readOn();
    await settle();
    expect(begun).toHaveLength(2);
  });

  it('gives replies back once the kernel has them, or when it breaks', async () => {
    const { socket, late, outgoing } = open({ isSlow: true });
    socket.push(Buffer.concat([frame('wait'), frame('a')]));
    await settle();
    const reply = new TextReply('<waited>');
    late[0]?.settle(reply);
    await settle();
    expect(reply.isSent).toBe(false);
    expect(outgoing.used).toBeGreaterThan(0);
    socket.destroy();
    await settle();
    expect(reply.isSent).toBe(true);
    expect(outgoing.used).toBe(0);
  });

  it('counts bytes in memory while requests wait, and none afterwards', async () => {
    const { socket, late, incoming } = open();
    socket.push(
      Buffer.concat([frame('wait 1'), frame('wait 2'), frame('unfinished').subarray(0, 7)]),
    );
    await settle();
    expect(incoming.used).toBe(6 + 6 + 3);
    late[0]?.settle(new TextReply(''));
    await settle();
    late[1]?.settle(new TextReply(''));
    await settle();
    expect(incoming.used).toBe(3);
    socket.destroy();
    await settle();
    expect(incoming.used).toBe(0);
  });

  it('stops reading while the budget of all connections is spent', async () => {
    const { socket, incoming, begun } = open({ budget: 100 });
    incoming.take(100);
    socket.push(frame('a'));
    await settle();
    expect(socket.isPaused()).toBe(true);
    incoming.give(50);
    socket.push(frame('b'));
    await settle();
    expect(begun).toEqual(['a', 'b']);
  });

  it('when drained answers what is under way, drops what waits, and closes', async () => {
    const { socket, connection, late, closed, begun } = open();
    socket.push(Buffer.concat([frame('wait'), frame('b')]));
    await settle();
    let told = 0;
    connection.waitsFor = { giveUp: () => told++ };
    connection.drain();
    expect([connection.isGone, told]).toEqual([true, 1]);
    late[0]?.settle(new TextReply('<waited>'));
    await settle();
    expect(socket.text).toBe('<waited>');
    expect(socket.writableFinished).toBe(true);
    expect(begun).toEqual(['wait']);
    socket.push(null);
    await settle();
    expect(closed()).toBe(true);
  });

  it('when drained is not closed before its client has hung up, whatever that still sends', async () => {
    const { socket, connection, closed, begun } = open();
    socket.push(frame('a'));
    await settle();
    connection.drain();
    socket.push(frame('b'));
    await settle();
    expect(socket.writableFinished).toBe(true);
    expect(closed()).toBe(false); // else the client would be reset, and might lose the answer to a
    socket.push(frame('c'));
    socket.push(null);
    await settle();
    expect(closed()).toBe(true);
    expect([begun, socket.text]).toEqual([['a'], '<a>']);
  });

  it('tells its parked request that the client is gone', async () => {
    const { socket, connection, incoming } = open();
    socket.push(frame('wait'));
    await settle();
    let told = 0;
    connection.waitsFor = { giveUp: () => told++ };
    expect(connection.isGone).toBe(false);
    socket.destroy();
    await settle();
    expect([connection.isGone, told]).toEqual([true, 1]);
    expect(incoming.used).toBe(4); // until the request has given up
  });
});
