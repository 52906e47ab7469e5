import type { Clock, Timer } from '../host/clock.ts';
import type { Thread } from '../host/thread.ts';
import { changedBatch, decompressedBatch, type BatchChange } from '../protocol/batch-remainder.ts';
import type { ByteRange } from '../protocol/byte-range.ts';
import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import { MalformedMessage } from '../protocol/malformed-message.ts';
import { acceptClientBatch, type ClientLog } from './client-batch.ts';
import { RecordErrors, type RecordError } from './record-errors.ts';

/** What is to be done with a batch. */
type Work =
  | { readonly kind: 'accept'; readonly log: ClientLog; readonly nowMs: number }
  | { readonly kind: 'decompress' }
  | { readonly kind: 'change'; readonly change: BatchChange };

/** A question to the thread. */
export type LargeBatch = Work & { readonly bytes: Uint8Array<ArrayBuffer> };

/** Its answer: another batch, or what is wrong with this one. */
export type LargeBatchAnswer =
  | { readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly refused: ErrorName;
      readonly message: string;
      readonly errors?: readonly RecordError[];
    }
  | { readonly malformed: string };

/** A thread has a heap of its own: it goes when nobody has needed it for so long. */
const idleMs = 10_000;

/**
 * Does with batches of many bytes what would hold up the event loop: in a thread that is started when
 * the first one comes. One at a time, so that of many that wait none is copied before its turn.
 */
export class LargeBatches {
  private thread: Thread | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private idleTimer: Timer | undefined;
  private isClosed = false;

  /** @param startThread  of `answerLargeBatch`; undefined where there can be none: the loop does it */
  constructor(
    private readonly clock: Clock,
    private readonly startThread: () => Thread | undefined,
  ) {}

  /**
   * As `acceptClientBatch`. The batch to append is a copy.
   *
   * @throws what that throws, and {Error} where the thread failed, as the others do
   */
  accept(sent: ByteRange, { ref, settings }: ClientLog): Promise<ByteRange> {
    const nowMs = this.clock.wallMs();
    return this.inTurn({ kind: 'accept', log: { ref, settings }, nowMs }, sent);
  }

  /** As `decompressedBatch`. @throws {MalformedMessage} */
  decompress(batch: ByteRange): Promise<ByteRange> {
    return this.inTurn({ kind: 'decompress' }, batch);
  }

  /** As `changedBatch`. @throws {MalformedMessage} */
  change(batch: ByteRange, change: BatchChange): Promise<ByteRange> {
    return this.inTurn({ kind: 'change', change }, batch);
  }

  close(): void {
    this.isClosed = true;
    this.endThread();
  }

  private inTurn(work: Work, batch: ByteRange): Promise<ByteRange> {
    const done = this.turn.then(() => this.ask(work, batch));
    this.turn = done.catch(() => undefined);
    return done;
  }

  private async ask(work: Work, { buffer, start, end }: ByteRange): Promise<ByteRange> {
    if (this.isClosed) throw new Error('the broker stops');
    this.idleTimer?.cancel();
    const bytes = new Uint8Array(end - start);
    bytes.set(buffer.subarray(start, end));
    const question: LargeBatch = { ...work, bytes };
    this.thread ??= this.startThread();
    let answer: LargeBatchAnswer;
    try {
      answer =
        this.thread === undefined
          ? answerLargeBatch(question)
          : ((await this.thread.ask(question, [bytes.buffer])) as LargeBatchAnswer);
    } catch (error) {
      this.endThread();
      throw error;
    }
    if (this.thread !== undefined) {
      this.idleTimer = this.clock.schedule(idleMs, () => this.endThread());
    }
    return batchIn(answer);
  }

  private endThread(): void {
    this.idleTimer?.cancel();
    this.thread?.end();
    this.thread = undefined;
  }
}

/** What the thread does. */
export function answerLargeBatch(question: LargeBatch): LargeBatchAnswer {
  const { bytes } = question;
  const batch = rangeOf(bytes);
  try {
    const { buffer, start, end } = workOn(question, batch);
    const found = buffer.subarray(start, end) as Buffer<ArrayBuffer>;
    // Memory of Node's pool cannot change hands.
    const isOfPool = buffer.length < buffer.buffer.byteLength;
    return { bytes: isOfPool ? Uint8Array.from(found) : found };
  } catch (error) {
    if (error instanceof MalformedMessage) return { malformed: error.message };
    if (!(error instanceof KafkaError)) throw error;
    const { code: refused, message } = error;
    if (!(error instanceof RecordErrors)) return { refused, message };
    return { refused, message, errors: error.recordErrors };
  }
}

function workOn(work: Work, batch: ByteRange): ByteRange {
  switch (work.kind) {
    case 'accept':
      return acceptClientBatch(batch, work.log, work.nowMs, 'beside');
    case 'decompress':
      return decompressedBatch(batch);
    case 'change': {
      const changed = changedBatch(batch, work.change);
      return { buffer: changed, start: 0, end: changed.length };
    }
  }
}

function batchIn(answer: LargeBatchAnswer): ByteRange {
  if ('bytes' in answer) return rangeOf(answer.bytes);
  if ('malformed' in answer) throw new MalformedMessage(answer.malformed);
  const { refused, message, errors } = answer;
  if (errors === undefined) throw new KafkaError(refused, message);
  throw new RecordErrors(refused, message, errors);
}

function rangeOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): ByteRange {
  return { buffer: Buffer.from(buffer, byteOffset, length), start: 0, end: length };
}
