import type { Caller } from '../host/caller.ts';
import type { Api, AnyApi, RequestOf, ResponseInput } from '../protocol/schema.ts';
import type { ErrorCode } from '../protocol/error-codes.ts';
import type { MetadataImage } from './catalog/image.ts';

/** Thrown where there is no safe reply (acks=0 that failed, say): the connection closes. */
export class CloseConnection extends Error {
  override readonly name = 'CloseConnection';
}

/** What a handler knows of the request beside its body. */
export interface RequestContext<Response extends object = object> {
  readonly apiVersion: number;
  readonly clientId: string | null;
  /** Address of the client, without port. */
  readonly clientHost: string;
  /** `User:ANONYMOUS` on a PLAINTEXT listener. */
  readonly principal: string;
  /** Name of the listener it came in on: replies name that listener's endpoints. */
  readonly listener: string;
  /** The broker that answers. */
  readonly nodeId: number;
  /** The newest image at the time of asking; a getter, so read it once per decision. */
  readonly image: MetadataImage;
  /** Goes when the connection closes or the broker stops: parked requests give up. */
  readonly caller: Caller;
  /** When the connection's next batches may be appended; undefined: now. */
  appendTurn: Promise<void> | undefined;
  /**
   * Nobody looks at the request's bytes any more, its record batches among them: their memory is
   * used again. Only for who is certain; without it the garbage collector finds out.
   */
  releaseRequest(): void;
  /** Nor at the request that was decoded: `refuse` gets an empty one from now on. */
  forgetRequest(): void;
  /** The answer that was announced by `later`; or `fail`, with what would have been thrown. */
  settle(response: Response | undefined): void;
  fail(error: unknown): void;
}

/**
 * In the place of a promise, for what waits long and many times over, or is asked very often: promises
 * and what is chained to them take memory and time. The handler will call `settle` or `fail` of its
 * context.
 */
export const later = 'later';

/**
 * A response, or the bytes of its body in the request's version. The bytes must never change: they
 * may wait for many sockets at once.
 */
export type Answer<A extends AnyApi> = ResponseInput<A> | Buffer;

/** One API: what happens. */
export interface Handler<A extends AnyApi = AnyApi> {
  readonly api: A;
  /** A promise only where it waits. `undefined` means: no response at all (Produce with acks=0). */
  answer(
    request: RequestOf<A>,
    context: RequestContext<ResponseInput<A>>,
  ): Answer<A> | undefined | Promise<Answer<A> | undefined> | typeof later;
  /** The response that refuses the whole request, shaped as Kafka's client expects it. */
  refuse(
    errorCode: ErrorCode,
    message: string,
    request: RequestOf<A>,
    context: RequestContext,
  ): ResponseInput<A>;
  /**
   * Called when the response was written to the socket or dropped: returns pooled memory. Not for
   * one that was given as bytes.
   */
  sent?(response: ResponseInput<A>): void;
}

export function defineHandler<A extends AnyApi>(
  api: A,
  handler: Omit<Handler<A>, 'api'>,
): Handler<A> {
  return { api, ...handler };
}

export type { Api };
