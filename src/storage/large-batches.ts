import type { Clock, Timer } from '../host/clock.ts';
import type { Thread } from '../host/thread.ts';
import type { ByteRange } from '../protocol/byte-range.ts';
import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import { acceptClientBatch, type ClientLog } from './client-batch.ts';
import { RecordErrors, type RecordError } from './record-errors.ts';

/** What the thread is asked: the arguments of `acceptClientBatch`. */
export interface LargeBatch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly log: ClientLog;
  readonly nowMs: number;
}

/** What it says: the batch to append, or why there is none. */
export type LargeBatchAnswer =
  | { readonly accepted: Uint8Array<ArrayBuffer> }
  | {
      readonly code: ErrorName;
      readonly message: string;
      readonly recordErrors: readonly RecordError[] | undefined;
    };

/** A thread has a heap of its own: it goes when nobody has needed it for so long. */
const idleMs = 10_000;

/**
 * Looks at clients' batches whose records would hold up the event loop: in a thread that is started
 * when the first one comes. One at a time, so that of many that wait none is copied before its turn.
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
   * @throws what that throws, and {Error} where the thread failed
   */
  accept(sent: ByteRange, log: ClientLog): Promise<ByteRange> {
    const answer = this.turn.then(() => this.ask(sent, log));
    this.turn = answer.catch(() => undefined);
    return answer;
  }

  close(): void {
    this.isClosed = true;
    this.endThread();
  }

  private async ask({ buffer, start, end }: ByteRange, { ref, settings }: ClientLog) {
    if (this.isClosed) throw new Error('the broker stops');
    this.idleTimer?.cancel();
    const bytes = new Uint8Array(end - start);
    bytes.set(buffer.subarray(start, end));
    const batch: LargeBatch = { bytes, log: { ref, settings }, nowMs: this.clock.wallMs() };
    this.thread ??= this.startThread();
    try {
      const answer =
        this.thread === undefined
          ? answerLargeBatch(batch)
          : ((await this.thread.ask(batch, [bytes.buffer])) as LargeBatchAnswer);
      return acceptedOf(answer);
    } catch (error) {
      if (!(error instanceof KafkaError)) this.endThread();
      throw error;
    } finally {
      if (this.thread !== undefined) {
        this.idleTimer = this.clock.schedule(idleMs, () => this.endThread());
      }
    }
  }

  private endThread(): void {
    this.idleTimer?.cancel();
    this.thread?.end();
    this.thread = undefined;
  }
}

/** What the thread does. */
export function answerLargeBatch({ bytes, log, nowMs }: LargeBatch): LargeBatchAnswer {
  const sent = { buffer: bufferOf(bytes), start: 0, end: bytes.length };
  try {
    const { buffer, start, end } = acceptClientBatch(sent, log, nowMs);
    const isSame = buffer.buffer === bytes.buffer;
    return {
      accepted: isSame ? bytes.subarray(start, end) : Uint8Array.from(buffer.subarray(start, end)),
    };
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    const { code, message } = error;
    const recordErrors = error instanceof RecordErrors ? error.recordErrors : undefined;
    return { code, message, recordErrors };
  }
}

function acceptedOf(answer: LargeBatchAnswer): ByteRange {
  if ('accepted' in answer) {
    const buffer = bufferOf(answer.accepted);
    return { buffer, start: 0, end: buffer.length };
  }
  const { code, message, recordErrors } = answer;
  if (recordErrors === undefined) throw new KafkaError(code, message);
  throw new RecordErrors(code, message, recordErrors);
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
