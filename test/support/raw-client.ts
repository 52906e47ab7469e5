import { connect as connectTo, type Socket } from 'node:net';
import { decode, decodeFrom, encode } from '../../src/protocol/codec.ts';
import { requestHeader } from '../../src/protocol/messages/request-header.ts';
import { responseHeader } from '../../src/protocol/messages/response-header.ts';
import {
  requestHeaderVersion,
  responseHeaderVersion,
  type AnyApi,
  type RequestInput,
  type ResponseOf,
} from '../../src/protocol/schema.ts';
import { WireReader } from '../../src/protocol/wire-reader.ts';

interface Waiting {
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** What a raw client says when the broker hangs up on it. */
export class ConnectionClosed extends Error {
  override readonly name = 'ConnectionClosed';
}

/**
 * A client that does nothing by itself: one connection, requests of any API and version as they are
 * given, responses decoded by the schemas. For tests of what is on the wire.
 */
export class RawClient {
  private readonly waiting: Waiting[] = [];
  /** Responses nobody has asked for yet. */
  private readonly frames: Buffer[] = [];
  private received = Buffer.alloc(0);
  private correlationId = 0;
  private isClosed = false;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;

  private constructor(
    private readonly socket: Socket,
    private readonly clientId: string | null,
  ) {
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('error', () => undefined); // 'close' follows
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.isClosed = true;
        for (const { reject } of this.waiting.splice(0)) reject(new ConnectionClosed());
        resolve();
      });
    });
  }

  static async connect(
    bootstrapServers: string,
    clientId: string | null = 'raw',
  ): Promise<RawClient> {
    const [first = ''] = bootstrapServers.split(',');
    const [, host = '127.0.0.1', port = '9092'] = /^\[?(.*?)\]?:(\d+)$/.exec(first) ?? [];
    const socket = connectTo({ host, port: Number(port), noDelay: true });
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket, clientId);
  }

  /** Sends a request and waits for its response. */
  async request<A extends AnyApi>(
    api: A,
    version: number,
    body: RequestInput<A>,
  ): Promise<ResponseOf<A>> {
    const correlationId = this.send(api, version, body);
    return this.response(api, version, correlationId);
  }

  /** Sends a request and does not wait. @returns its correlation id */
  send<A extends AnyApi>(api: A, version: number, body: RequestInput<A>): number {
    const correlationId = ++this.correlationId;
    this.write(encodeRequest(api, version, correlationId, this.clientId, body));
    return correlationId;
  }

  /** The next response, which must be that of the given request. */
  async response<A extends AnyApi>(
    api: A,
    version: number,
    correlationId: number,
  ): Promise<ResponseOf<A>> {
    const frame = await this.frame();
    const reader = new WireReader({ buffer: frame, start: 0, end: frame.length });
    const header = decodeFrom(reader, responseHeader, responseHeaderVersion(api, version));
    if (header.correlationId !== correlationId) {
      throw new Error(`response ${header.correlationId} where ${correlationId} was due`);
    }
    return decode(api.response, version, frame.subarray(reader.pos));
  }

  /** Sends a frame, whatever it holds. */
  sendFrame(body: Buffer): void {
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(body.length);
    this.write(Buffer.concat([prefix, body]));
  }

  /** Sends bytes. */
  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** The next response frame. @throws {ConnectionClosed} */
  frame(): Promise<Buffer> {
    const frame = this.frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.isClosed) return Promise.reject(new ConnectionClosed());
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** Responses that have arrived and were not asked for. */
  get unread(): number {
    return this.frames.length;
  }

  /** Stops reading from the socket, as a client that hangs. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.destroy();
  }

  private onData(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    while (this.received.length >= 4) {
      const end = 4 + this.received.readInt32BE(0);
      if (this.received.length < end) return;
      const frame = this.received.subarray(4, end);
      this.received = this.received.subarray(end);
      const next = this.waiting.shift();
      if (next === undefined) this.frames.push(frame);
      else next.resolve(frame);
    }
  }
}

/** A whole request frame, size first. */
export function encodeRequest<A extends AnyApi>(
  api: A,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: RequestInput<A>,
): Buffer {
  const header = encode(requestHeader, requestHeaderVersion(api, version), {
    requestApiKey: api.key,
    requestApiVersion: version,
    correlationId,
    clientId,
  });
  const message = encode(api.request, version, body);
  const size = Buffer.alloc(4);
  size.writeInt32BE(header.length + message.length);
  return Buffer.concat([size, header, message]);
}
