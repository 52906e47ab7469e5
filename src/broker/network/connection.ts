import type { Socket } from 'node:net';
import type { Caller, Wait } from '../../host/caller.ts';
import type { Clock } from '../../host/clock.ts';
import type { FileSender } from '../../host/file-sender.ts';
import type { Logger } from '../../host/logger.ts';
import { withOneMore } from '../one-more.ts';
import { MalformedMessage } from '../../protocol/malformed-message.ts';
import type { BudgetMember, ByteBudget } from './byte-budget.ts';
import type { Frame, FrameMemory } from './frame-memory.ts';
import { FrameReader } from './frame-reader.ts';
import { readInto } from './lent-reads.ts';
import { OutputBuffer, type Reply, type Writers } from './output-buffer.ts';

/** What a request leads to. */
export type Outcome =
  /** A response. */
  | Reply
  /** No response at all (acks=0). */
  | 'silence'
  /** There is no safe reply: the connection goes, after what was answered before. */
  | 'close';

/** What a connection tells whoever answers its requests. It is gone once it closes or the broker stops. */
export interface ConnectionFacts extends Caller {
  readonly clientHost: string;
  readonly listener: string;
  /**
   * Settles when the latest Produce request that had to wait has appended its batches; undefined when
   * none waits. Those behind it wait as well: their batches come after its own.
   */
  appendTurn: Promise<void> | undefined;
}

/** One request on its connection. */
export interface PendingRequest {
  readonly connection: ConnectionFacts;
  /** Once, and only after `later`. */
  settle(outcome: Outcome): void;
}

/** Answers one frame, and never throws; `later` where it waits: then it settles the request. */
export type Answer = (frame: Frame, request: PendingRequest) => Outcome | 'later';

export interface ConnectionSettings {
  readonly maxRequestBytes: number;
}

export interface ConnectionParts {
  readonly answer: Answer;
  readonly settings: ConnectionSettings;
  readonly incoming: ByteBudget;
  /** Response bytes that wait for slow readers. */
  readonly outgoing: ByteBudget;
  readonly writers: Writers;
  readonly memory: FrameMemory;
  readonly files: FileSender;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A request under way; its outcome is there once it is answered. */
class Exchange implements PendingRequest {
  outcome: Outcome | undefined;

  constructor(
    readonly connection: Connection,
    readonly frameBytes: number,
  ) {}

  settle(outcome: Outcome): void {
    this.outcome = outcome;
    this.connection.onSettled(this);
  }
}

/** Bytes of frames that may wait behind a parked request before the socket is paused. */
const maxWaitingBytes = 256 * 1024;
/** Produce requests that may be under way at once. */
const maxProducesUnderWay = 1000;
/**
 * And their bytes. More makes no larger write, but takes memory that is new each time: a fast producer
 * had 300 MB under way.
 */
const maxBytesUnderWay = 8 * 1024 * 1024;
const produceKey = 0;

/**
 * One client. Its requests are answered strictly one after the other, in order; a parked request
 * blocks only those behind it. Produce requests that follow each other are begun together, so that
 * the log writes them together; their answers keep the order.
 */
export class Connection implements ConnectionFacts, BudgetMember {
  readonly clientHost: string;
  appendTurn: Promise<void> | undefined;
  waitsFor: Wait | undefined;
  /** Monotonic time of the last byte that came or went. */
  lastActiveMs: number;
  private readonly reader: FrameReader;
  private readonly output: OutputBuffer;
  /** Frames that wait for their turn. */
  private readonly waiting: Frame[] = [];
  private waitingBytes = 0;
  private underWay: Exchange[] = [];
  private bytesUnderWay = 0;
  private onlyProducesUnderWay = true;
  private flushScheduled = false;
  private isPaused = false;
  private isMuted = false;
  private isOutputBlocked = false;
  /** A request had no safe reply: what came after it gets none either. */
  private isBroken = false;
  /** `leaving`: all is answered, and the client shall hang up. */
  private state: 'open' | 'draining' | 'leaving' | 'closed' = 'open';
  /** The broker stops, so the client has done nothing that it is cut off for. */
  private isFarewell = false;

  constructor(
    private readonly socket: Socket,
    readonly listener: string,
    private readonly parts: ConnectionParts,
    private readonly onClosed: (connection: Connection) => void,
  ) {
    this.clientHost = hostOf(socket);
    this.lastActiveMs = parts.clock.monotonicMs();
    const { settings, memory } = parts;
    this.reader = new FrameReader(settings.maxRequestBytes, memory, (frame) => this.onFrame(frame));
    this.output = new OutputBuffer(
      socket,
      parts.writers,
      parts.outgoing,
      () => this.touch(),
      () => this.onDrain(),
      parts,
    );
    readInto(
      socket,
      () => this.reader.target,
      (target, bytes) => this.onData(target, bytes, true),
    );
    socket.on('data', (chunk: Buffer) => this.onData(chunk, chunk.length, false));
    socket.on('error', (error) =>
      this.parts.logger.debug('connection broke', { client: this.clientHost, error }),
    );
    socket.on('close', () => this.onClose());
  }

  get takesFiles(): boolean {
    return this.output.takesFiles;
  }

  get isGone(): boolean {
    return this.isFarewell || this.state === 'closed';
  }

  get pendingBytes(): number {
    return this.reader.pendingBytes;
  }

  /** Takes no more requests, answers those under way, then closes as soon as the client does. */
  drain(): void {
    if (this.state !== 'open') return;
    this.state = 'draining';
    this.isFarewell = true;
    this.dropWaiting();
    this.pauseOrResume();
    this.waitsFor?.giveUp();
    this.closeWhenDrained();
  }

  /** Closes at once. */
  destroy(): void {
    this.socket.destroy();
  }

  unmute(): void {
    this.isMuted = false;
    this.pauseOrResume();
  }

  private touch(): void {
    this.lastActiveMs = this.parts.clock.monotonicMs();
  }

  private onData(chunk: Buffer, bytes: number, isTarget: boolean): void {
    if (this.state !== 'open') return;
    this.touch();
    const before = this.reader.pendingBytes;
    try {
      if (isTarget) this.reader.pushRead(chunk, bytes);
      else this.reader.push(chunk);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.closeFor(error.message);
    }
    this.notePending(this.reader.pendingBytes - before);
    this.flush();
    if (this.parts.incoming.isSpent) this.isMuted = this.parts.incoming.mustMute(this);
    this.pauseOrResume();
  }

  private notePending(bytes: number): void {
    if (bytes === 0) return;
    const { incoming } = this.parts;
    incoming.noteUnfinished(bytes);
    if (bytes > 0) incoming.take(bytes);
    else incoming.give(-bytes);
  }

  private onFrame(frame: Frame): void {
    if (this.state !== 'open') return;
    if (this.waiting.length === 0 && this.mayBegin(frame)) {
      this.begin(frame);
      return;
    }
    const frameBytes = frame.end - frame.start;
    this.waiting.push(frame);
    this.waitingBytes += frameBytes;
    this.parts.incoming.take(frameBytes);
  }

  private mayBegin(frame: Frame): boolean {
    if (this.isOutputBlocked || this.state !== 'open') return false;
    if (this.underWay.length === 0) return true;
    return (
      this.onlyProducesUnderWay &&
      this.underWay.length < maxProducesUnderWay &&
      this.bytesUnderWay < maxBytesUnderWay &&
      isProduce(frame)
    );
  }

  private begin(frame: Frame): void {
    const frameBytes = frame.end - frame.start;
    const exchange = new Exchange(this, frameBytes);
    const outcome = this.parts.answer(frame, exchange);
    if (outcome !== 'later') exchange.outcome = outcome;
    const isFirst = this.underWay.length === 0;
    if (isFirst && exchange.outcome !== undefined) {
      this.emit(exchange.outcome);
      return;
    }
    this.onlyProducesUnderWay = (isFirst || this.onlyProducesUnderWay) && isProduce(frame);
    this.underWay = withOneMore(this.underWay, exchange);
    this.bytesUnderWay += frameBytes;
    this.parts.incoming.take(frameBytes);
  }

  onSettled(exchange: Exchange): void {
    if (this.underWay[0] === exchange) this.settle();
  }

  /** Hands on, in order, what is answered; then whatever waited behind it begins. */
  private settle(): void {
    for (;;) {
      const [first] = this.underWay;
      if (first?.outcome === undefined) break;
      this.underWay.shift();
      this.bytesUnderWay -= first.frameBytes;
      this.parts.incoming.give(first.frameBytes);
      this.emit(first.outcome);
    }
    this.beginWaiting();
    if (this.underWay.length > 0) this.scheduleFlush();
    else this.flushNow();
    this.closeWhenDrained();
  }

  private beginWaiting(): void {
    for (;;) {
      const [next] = this.waiting;
      if (next === undefined || !this.mayBegin(next)) break;
      const frameBytes = next.end - next.start;
      this.waiting.shift();
      this.waitingBytes -= frameBytes;
      this.begin(next);
      this.parts.incoming.give(frameBytes);
    }
    this.pauseOrResume();
  }

  private emit(outcome: Outcome): void {
    if (outcome === 'silence') return;
    if (outcome === 'close') {
      this.closeFor('request without a safe reply');
      this.isBroken = true;
    } else if (this.isBroken || this.state === 'closed') outcome.sent();
    else if (!this.output.add(outcome)) this.closeFor('response that cannot be written');
  }

  /** At the end of this turn, which may answer more of what is under way: one write for all of that. */
  private scheduleFlush(): void {
    if (this.flushScheduled || this.output.isEmpty) return;
    this.flushScheduled = true;
    process.nextTick(flushLater, this);
  }

  flushNow(): void {
    this.flushScheduled = false;
    this.flush();
    this.pauseOrResume();
  }

  private flush(): void {
    if (this.output.isEmpty) return;
    if (!this.output.flush()) this.isOutputBlocked = true;
  }

  private onDrain(): void {
    this.touch();
    this.isOutputBlocked = false;
    this.beginWaiting();
    this.flush();
    this.pauseOrResume();
    this.closeWhenDrained();
  }

  private pauseOrResume(): void {
    if (this.state === 'closed') return;
    const mustPause =
      this.state !== 'leaving' &&
      (this.state === 'draining' ||
        this.isMuted ||
        this.isOutputBlocked ||
        this.waitingBytes > maxWaitingBytes);
    if (mustPause === this.isPaused) return;
    this.isPaused = mustPause;
    if (mustPause) this.socket.pause();
    else this.socket.resume();
  }

  private closeFor(reason: string): void {
    if (this.state === 'closed') return;
    this.parts.logger.debug('closing a connection', { client: this.clientHost, reason });
    this.state = 'draining';
    this.dropWaiting();
    this.closeWhenDrained();
  }

  private closeWhenDrained(): void {
    if (this.state !== 'draining' || this.underWay.length > 0) return;
    this.output.flush();
    if (this.output.holdsBack) return;
    if (this.isFarewell) this.leave();
    else this.socket.destroySoon();
  }

  /**
   * Says that no more will come, and waits for the client to say the same. A socket that is closed
   * while its client still sends is reset, and the client loses answers that it has not read yet:
   * a producer would send again what we have acknowledged.
   */
  private leave(): void {
    this.state = 'leaving';
    this.socket.end();
    this.pauseOrResume();
  }

  private dropWaiting(): void {
    this.waiting.length = 0;
    this.parts.incoming.give(this.waitingBytes);
    this.waitingBytes = 0;
  }

  private onClose(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.dropWaiting();
    this.notePending(-this.reader.pendingBytes);
    this.parts.incoming.leave(this);
    this.output.drop();
    this.waitsFor?.giveUp();
    this.onClosed(this);
  }
}

/** One function for all connections and turns. */
function flushLater(connection: Connection): void {
  connection.flushNow();
}

/** Whether a frame holds a Produce request: its key is the first field of the header. */
function isProduce({ buffer, start }: Frame): boolean {
  return buffer[start] === 0 && buffer[start + 1] === produceKey;
}

/** The client's address; IPv4 in its own form, also on a socket that serves both. */
export function hostOf(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}
