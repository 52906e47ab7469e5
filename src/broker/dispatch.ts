import type { Caller } from '../host/caller.ts';
import type { Logger } from '../host/logger.ts';
import { decodeFrom, encodeInto } from '../protocol/codec.ts';
import { errorCodes } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import { MalformedMessage } from '../protocol/malformed-message.ts';
import { apiVersions } from '../protocol/messages/api-versions.ts';
import { requestHeader } from '../protocol/messages/request-header.ts';
import { requestHeaderVersion, responseHeaderVersion } from '../protocol/schema.ts';
import { WireReader } from '../protocol/wire-reader.ts';
import type { WireWriter } from '../protocol/wire-writer.ts';
import type { MetadataImage } from './catalog/image.ts';
import type { PooledBuffer } from '../storage/disk/buffer-pool.ts';
import { CloseConnection, later, type Handler, type RequestContext } from './handler.ts';
import type { ConnectionFacts, Outcome, PendingRequest } from './network/connection.ts';
import type { Frame } from './network/frame-memory.ts';
import type { Reply } from './network/output-buffer.ts';

/** The broker that answers. */
export interface Node {
  readonly nodeId: number;
  readonly image: MetadataImage;
}

/** Handlers by API key. */
export type HandlerTable = ReadonlyMap<number, Handler>;

/** Anonymous, until listeners authenticate. */
const principal = 'User:ANONYMOUS';
const smallestHeader = 8;
/** A peer that sends nonsense fills no log. */
const mostTold = 20;
/**
 * Elements of all arrays of one request. As many as Kafka's largest clusters have partitions; what
 * is more would take gigabytes out of a frame that may rightly have a hundred megabytes.
 */
const mostElements = 200_000;
/** In the place of a request that was forgotten, or that cannot be read. */
const noRequest = {};

/** From a frame to its answer: header, version, table, schema, handler, and errors to codes. */
export class Dispatcher {
  /** The same as the table, for a faster look-up. */
  private readonly handlers: (Handler | undefined)[] = [];
  /** What was asked in vain: worth one line each to whoever wonders about a client. */
  private readonly told = new Set<string>();

  constructor(
    table: HandlerTable,
    private readonly node: Node,
    private readonly logger: Logger,
  ) {
    for (const [key, handler] of table) this.handlers[key] = handler;
  }

  /** Never throws. */
  answer(frame: Frame, pending: PendingRequest): Outcome | typeof later {
    let exchange: RequestExchange | undefined;
    try {
      exchange = this.read(frame, pending);
      if (exchange === undefined) return 'close';
      return exchange.isVersionServed ? exchange.begin() : exchange.refuseVersion();
    } catch (error) {
      return outcomeOf(error, this.logger, exchange);
    }
  }

  private read(frame: Frame, pending: PendingRequest): RequestExchange | undefined {
    const { buffer, start, end } = frame;
    const { connection } = pending;
    if (end - start < smallestHeader) return this.notServed(connection, 'no header');
    const key = ((buffer[start] as number) << 8) | (buffer[start + 1] as number);
    const version = buffer.readInt16BE(start + 2);
    const handler = this.handlers[key];
    if (handler === undefined) return this.notServed(connection, `API key ${key}`);
    const { api } = handler;
    const isVersionServed = version >= api.versions[0] && version <= api.versions[1];
    // A client that knows more than we do is told what we know (KIP-511).
    if (!isVersionServed && key !== apiVersions.key) {
      return this.notServed(connection, `${api.name} v${version}`);
    }
    const reader = new WireReader(frame, mostElements);
    const header = decodeFrom(reader, requestHeader, requestHeaderVersion(api, version));
    const request = isVersionServed ? decodeFrom(reader, api.request, version) : noRequest;
    const { correlationId, clientId } = header;
    return new RequestExchange(
      handler,
      version,
      correlationId,
      clientId,
      request,
      isVersionServed,
      this.node,
      pending,
      this.logger,
      frame.lent,
    );
  }

  private notServed(connection: ConnectionFacts, what: string): RequestExchange | undefined {
    const facts = { client: connection.clientHost, what };
    const words = 'a client asks for what is not served; its connection is closed';
    if (this.told.has(what) || this.told.size === mostTold) {
      this.logger.debug(words, facts);
    } else {
      this.told.add(what);
      this.logger.warn(words, facts);
    }
    return undefined;
  }
}

/** The only place where a thrown error becomes a number on the wire. */
function outcomeOf(error: unknown, logger: Logger, exchange?: RequestExchange): Outcome {
  if (error instanceof MalformedMessage || error instanceof CloseConnection) {
    logger.debug('closing a connection', { reason: error.message });
    return 'close';
  }
  if (exchange === undefined) {
    logger.error('a request could not be read', { error });
    return 'close';
  }
  return exchange.refuse(error);
}

/** One request and its answer. */
class RequestExchange implements RequestContext, Reply {
  readonly principal = principal;
  private response: object | undefined;

  constructor(
    private readonly handler: Handler,
    readonly apiVersion: number,
    private readonly correlationId: number,
    readonly clientId: string | null,
    private request: object,
    readonly isVersionServed: boolean,
    private readonly node: Node,
    private readonly pending: PendingRequest,
    private readonly logger: Logger,
    private readonly lent: PooledBuffer | undefined,
  ) {}

  get clientHost(): string {
    return this.pending.connection.clientHost;
  }

  get listener(): string {
    return this.pending.connection.listener;
  }

  get nodeId(): number {
    return this.node.nodeId;
  }

  get image(): MetadataImage {
    return this.node.image;
  }

  get caller(): Caller {
    return this.pending.connection;
  }

  get appendTurn(): Promise<void> | undefined {
    return this.pending.connection.appendTurn;
  }

  set appendTurn(turn: Promise<void> | undefined) {
    this.pending.connection.appendTurn = turn;
  }

  releaseRequest(): void {
    this.lent?.release();
  }

  forgetRequest(): void {
    this.request = noRequest;
  }

  begin(): Outcome | typeof later {
    const response = this.handler.answer(this.request, this);
    if (response === later) return later;
    if (!(response instanceof Promise)) return this.answered(response);
    response.then(
      (late) => this.settle(late),
      (error: unknown) => this.fail(error),
    );
    return later;
  }

  settle(response: object | undefined): void {
    this.pending.settle(this.answered(response));
  }

  fail(error: unknown): void {
    this.pending.settle(outcomeOf(error, this.logger, this));
  }

  private answered(response: object | undefined): Outcome {
    if (response === undefined) return 'silence';
    this.response = response;
    return this;
  }

  refuse(error: unknown): Outcome {
    const { handler, request } = this;
    try {
      if (error instanceof KafkaError) {
        return this.answered(handler.refuse(errorCodes[error.code], error.message, request, this));
      }
      // A bug: loud here, vague to the client.
      this.logger.error('request failed unexpectedly', { api: handler.api.name, error });
      const code = errorCodes.UNKNOWN_SERVER_ERROR;
      return this.answered(handler.refuse(code, 'internal error', request, this));
    } catch (bug) {
      this.logger.error('a request cannot be refused', { api: handler.api.name, error: bug });
      return 'close';
    }
  }

  /** ApiVersions of a version we do not know: in the oldest layout, with the range we do know. */
  refuseVersion(): Outcome {
    const [minVersion, maxVersion] = apiVersions.versions;
    const response = {
      errorCode: errorCodes.UNSUPPORTED_VERSION,
      apiKeys: [{ apiKey: apiVersions.key, minVersion, maxVersion }],
    };
    return new RequestExchange(
      { ...this.handler, api: apiVersions },
      0,
      this.correlationId,
      this.clientId,
      this.request,
      true,
      this.node,
      this.pending,
      this.logger,
      undefined,
    ).answered(response);
  }

  encode(writer: WireWriter): boolean {
    const { api } = this.handler;
    writer.beginFrame();
    try {
      const view = writer.reserve(writer.pos, 5);
      view.setInt32(writer.pos, this.correlationId);
      writer.pos += 4;
      if (responseHeaderVersion(api, this.apiVersion) > 0) {
        view.setUint8(writer.pos, 0); // no tags
        writer.pos += 1;
      }
      const { response } = this;
      if (Buffer.isBuffer(response)) writer.encoded(response);
      else encodeInto(writer, api.response, this.apiVersion, response ?? {});
    } catch (error) {
      writer.abandonFrame();
      const { name } = api;
      this.logger.error('a response cannot be written', {
        api: name,
        version: this.apiVersion,
        error,
      });
      return false;
    }
    writer.endFrame();
    return true;
  }

  sent(): void {
    const { response } = this;
    this.response = undefined;
    if (response !== undefined && !Buffer.isBuffer(response)) this.handler.sent?.(response);
  }
}
