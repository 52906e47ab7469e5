import { createServer, type Socket } from 'node:net';
import type { Timer } from '../../host/clock.ts';
import type { Descriptors } from '../../host/descriptors.ts';
import { Connection, hostOf, type Answer, type ConnectionParts } from './connection.ts';
import { listenError } from './listen-error.ts';

/** Limits shared by all listeners of a broker. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  /** Addresses with a limit of their own. */
  readonly maxConnectionsPerIpOverrides: ReadonlyMap<string, number>;
  readonly maxRequestBytes: number;
  /** Silence after which a connection is closed; not above 0: never. */
  readonly maxIdleMs: number;
}

export interface ListenerAddress {
  readonly name: string;
  /** Empty: all interfaces. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export type NetworkParts = Omit<ConnectionParts, 'settings' | 'answer'>;

/** How long a stopping broker waits for requests under way, in ms. */
const graceMs = 2_000;

const ignored = (): void => undefined;

/** The open connections of a broker, over all its listeners: limits, idle time, shutdown. */
export class Connections {
  private readonly open = new Set<Connection>();
  private readonly perHost = new Map<string, number>();
  private readonly connectionParts: ConnectionParts;
  private readonly onSocketClosed = (): void => this.descriptors.onSocketClosed();
  private readonly onClosed = (closed: Connection): void => this.forget(closed);
  private sweep: Timer | undefined;
  private whenEmpty: (() => void) | undefined;
  /** Connected before the broker is ready; undefined when it is. */
  private early: { socket: Socket; listener: string }[] | undefined = [];

  constructor(
    private readonly limits: ConnectionLimits,
    answer: Answer,
    private readonly parts: NetworkParts,
    private readonly descriptors: Descriptors,
  ) {
    const settings = { maxRequestBytes: limits.maxRequestBytes };
    this.connectionParts = { ...parts, settings, answer };
  }

  /** Serves from now on, those first who have connected already. */
  begin(): void {
    const early = this.early ?? [];
    this.early = undefined;
    for (const { socket, listener } of early) {
      socket.off('error', ignored);
      if (!socket.destroyed) this.connect(socket, listener);
    }
  }

  accept(socket: Socket, listener: string): void {
    if (!this.descriptors.takeSocket()) {
      this.refuse(socket, 'too many connections for the limit of open files (ulimit -n)');
      return;
    }
    socket.once('close', this.onSocketClosed);
    if (this.early !== undefined) {
      // Nothing is read from it before somebody listens.
      socket.on('error', ignored);
      this.early.push({ socket, listener });
      return;
    }
    this.connect(socket, listener);
  }

  private connect(socket: Socket, listener: string): void {
    const host = hostOf(socket);
    if (!this.hasRoomFor(host)) {
      this.refuse(socket, 'too many connections');
      return;
    }
    this.perHost.set(host, this.countOf(host) + 1);
    const connection = new Connection(socket, listener, this.connectionParts, this.onClosed);
    this.open.add(connection);
    if (this.sweep === undefined) this.scheduleSweep(this.limits.maxIdleMs);
  }

  private refuse(socket: Socket, reason: string): void {
    this.parts.logger.warn(`${reason}: refused one`, { client: hostOf(socket) });
    socket.destroy();
  }

  /** A connection that could not be accepted (no descriptors left, say); the listener lives on. */
  noteAcceptError(error: Error): void {
    this.parts.logger.error('a connection could not be accepted', { error });
  }

  /** Answers what is under way, within a grace, and closes all. */
  async close(): Promise<void> {
    for (const { socket } of this.early ?? []) socket.destroy();
    this.early = [];
    this.sweep?.cancel();
    this.sweep = undefined;
    const empty = new Promise<void>((resolve) => {
      this.whenEmpty = resolve;
    });
    for (const connection of [...this.open]) connection.drain();
    if (this.open.size === 0) return;
    const grace = this.parts.clock.schedule(graceMs, () => {
      for (const connection of [...this.open]) connection.destroy();
    });
    await empty;
    grace.cancel();
  }

  private hasRoomFor(host: string): boolean {
    const { maxConnections, maxConnectionsPerIp, maxConnectionsPerIpOverrides } = this.limits;
    if (this.open.size >= maxConnections) return false;
    return this.countOf(host) < (maxConnectionsPerIpOverrides.get(host) ?? maxConnectionsPerIp);
  }

  private countOf(host: string): number {
    return this.perHost.get(host) ?? 0;
  }

  private forget(connection: Connection): void {
    this.open.delete(connection);
    const left = this.countOf(connection.clientHost) - 1;
    if (left > 0) this.perHost.set(connection.clientHost, left);
    else this.perHost.delete(connection.clientHost);
    if (this.open.size === 0) this.whenEmpty?.();
  }

  /** One timer for all connections, set to the moment the first of them may be idle too long. */
  private scheduleSweep(delayMs: number): void {
    if (this.limits.maxIdleMs <= 0) return;
    this.sweep = this.parts.clock.schedule(delayMs, () => {
      this.sweep = undefined;
      this.closeIdle();
    });
  }

  private closeIdle(): void {
    const deadline = this.parts.clock.monotonicMs() - this.limits.maxIdleMs;
    let oldest = Infinity;
    for (const connection of [...this.open]) {
      if (connection.lastActiveMs <= deadline) connection.destroy();
      else oldest = Math.min(oldest, connection.lastActiveMs);
    }
    if (oldest < Infinity) this.scheduleSweep(Math.ceil(oldest - deadline));
  }
}

/** A bound port. */
export interface BoundListener {
  readonly port: number;
  /** Accepts no more. Resolves once the port is free, and its connections are closed. */
  close(): Promise<void>;
}

/** @throws {Error} why the address cannot be bound, with the system's code (EADDRINUSE, EACCES, ...) */
export type OpenListener = (
  address: ListenerAddress,
  connections: Connections,
) => Promise<BoundListener>;

/** Binds a port of the system. */
export const openListener: OpenListener = async (address, connections) => {
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) =>
    connections.accept(socket, address.name),
  );
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(error, address));
    server.once('error', onError);
    const onListening = (): void => {
      server.off('error', onError);
      resolve();
    };
    if (address.host === '') server.listen(address.port, onListening);
    else server.listen(address.port, address.host, onListening);
  });
  server.on('error', (error) => connections.noteAcceptError(error));
  const bound = server.address();
  return {
    port: typeof bound === 'object' ? (bound?.port ?? 0) : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
};
