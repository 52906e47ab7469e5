import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { apiVersions } from '../../src/protocol/messages/api-versions.ts';
import type { Attack } from './attacks.ts';
import { framed, withHeader } from './requests.ts';
import { mayBeSilent, mayPark, readStream, type Frame } from './stream-reading.ts';

/** How a connection ended. */
export type Outcome =
  /** Everything was answered, in order. */
  | 'answered'
  /** The broker closed it. */
  | 'closed'
  /** A request waits for data or members, as it may. */
  | 'parked'
  /** We went first, as the attack wanted. */
  | 'left'
  /** Neither an answer nor an end in time, or a wrong answer: a bug. */
  | 'failed';

export interface Strike {
  readonly outcome: Outcome;
  readonly why?: string;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** Longest time without an answer or an end. */
  readonly boundMs: number;
  /** Our own address. */
  readonly localAddress: string;
}

const lastId = 0x5eed1e55;
const lastRequest = framed(withHeader(apiVersions, 0, Buffer.alloc(0), lastId).bytes);
const goAfterMs = 700;

/** Carries an attack out, on a connection of its own, and judges what comes of it. */
export async function strike(target: Target, attack: Attack): Promise<Strike> {
  const writes = attack.then === 'answer' ? [...attack.writes, lastRequest] : attack.writes;
  const { frames, end } = readStream(Buffer.concat(writes));
  const victim = new Victim(target, frames);
  try {
    if (attack.then === 'deaf') victim.turnDeaf();
    for (const bytes of writes) {
      if (victim.isOver) break;
      victim.write(bytes);
      if (writes.length < 100) await pause(0);
    }
    if (attack.then !== 'answer') {
      await victim.overWithin(goAfterMs);
      return { outcome: victim.isOver ? 'closed' : 'left' };
    }
    // A frame that is not complete: nothing is due but the end, once we have said ours.
    if (end === 'cut') victim.end();
    return await victim.verdict(end === 'whole');
  } finally {
    victim.reset();
  }
}

class Victim {
  private readonly socket: Socket;
  private readonly responses = new ResponseReader((id) => this.onResponse(id));
  /** The first frame without an answer. */
  private next = 0;
  private lastProgressMs = performance.now();
  private mistake: string | undefined;
  private readonly over: Promise<void>;
  isOver = false;

  constructor(
    private readonly target: Target,
    private readonly frames: readonly Frame[],
  ) {
    const { host, port, localAddress } = target;
    this.socket = connect({ host, port, localAddress, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.responses.push(chunk));
    this.socket.on('error', () => undefined); // 'close' follows
    this.over = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.isOver = true;
        resolve();
      });
    });
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  turnDeaf(): void {
    this.socket.pause();
  }

  end(): void {
    this.socket.end();
  }

  /** Leaves no port behind that waits for stragglers. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async overWithin(ms: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([
      this.over,
      pause(ms, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
  }

  /** @param isAnswerDue  all frames are complete, the last of them is ours */
  async verdict(isAnswerDue: boolean): Promise<Strike> {
    for (;;) {
      if (this.mistake !== undefined) return { outcome: 'failed', why: this.mistake };
      if (this.isOver) return { outcome: 'closed' };
      if (isAnswerDue && this.next === this.frames.length) return { outcome: 'answered' };
      const waitedMs = performance.now() - this.lastProgressMs;
      if (waitedMs > 300 && this.isParked) return { outcome: 'parked' };
      if (waitedMs > this.target.boundMs) return { outcome: 'failed', why: this.silence() };
      await this.overWithin(this.next < this.frames.length && waitedMs < 50 ? 2 : 50);
    }
  }

  /** The first that may not stay silent may wait. */
  private get isParked(): boolean {
    const waiting = this.frames.slice(this.next).find((frame) => !mayBeSilent(frame));
    return waiting !== undefined && mayPark(waiting);
  }

  private silence(): string {
    const waiting = this.frames[this.next];
    const what = waiting === undefined ? 'the end' : `key ${waiting.key} v${waiting.version}`;
    return `nothing for ${this.target.boundMs} ms; waiting for ${what}`;
  }

  private onResponse(correlationId: number): void {
    this.lastProgressMs = performance.now();
    for (let at = this.next; at < this.frames.length; at++) {
      const frame = this.frames[at] as Frame;
      if (frame.correlationId === correlationId) {
        this.next = at + 1;
        return;
      }
      if (!mayBeSilent(frame)) break;
    }
    this.mistake ??= `a response ${correlationId} where that to frame ${this.next} was due`;
  }
}

/** Finds the correlation ids in a stream of responses, and keeps nothing else. */
class ResponseReader {
  private head = Buffer.alloc(0);
  private toSkip = 0;

  constructor(private readonly onResponse: (correlationId: number) => void) {}

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      const skipped = Math.min(this.toSkip, rest.length);
      this.toSkip -= skipped;
      rest = rest.subarray(skipped);
      const wanted = Math.min(8 - this.head.length, rest.length);
      this.head = Buffer.concat([this.head, rest.subarray(0, wanted)]);
      rest = rest.subarray(wanted);
      if (this.head.length < 8) continue;
      this.toSkip = this.head.readInt32BE(0) - 4;
      this.onResponse(this.head.readInt32BE(4));
      this.head = Buffer.alloc(0);
    }
  }
}
