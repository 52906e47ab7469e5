import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A socket that a server accepted, and its other end. */
export interface SocketPair {
  readonly accepted: Socket;
  readonly client: Socket;
  readonly close: () => void;
}

export async function socketPair(): Promise<SocketPair> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepting = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  const accepted = await accepting;
  const close = (): void => {
    client.destroy();
    accepted.destroy();
    server.close();
  };
  return { accepted, client, close };
}

/** The same socket of a class of its own, as one with TLS is: nothing is known of its inside. */
export function madeOtherwise(socket: Socket): void {
  const own = Object.getPrototypeOf(socket) as object;
  Object.setPrototypeOf(socket, Object.create(own) as object);
}
