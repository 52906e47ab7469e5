import { fetch } from '../../src/protocol/messages/fetch.ts';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { RawClient } from '../../test/support/raw-client.ts';
import type { CountedBroker } from './counted-broker.ts';

/** Bytes that the broker keeps, on its heap and outside of it, of each of many clients. */
export interface ParkedBytes {
  /** Of a connection that has asked for something and waits for nothing. */
  readonly connection: number;
  /** Of a fetch session of one partition; 0 without one. */
  readonly session: number;
  /** Of a fetch of one partition that waits, beside its connection and session. */
  readonly fetch: number;
}

const version = 12;
const noSession = { sessionId: 0, sessionEpoch: -1 };
const wantsSession = { sessionId: 0, sessionEpoch: 0 };

/** Consumers at the end of partition 0, each on a connection of its own. */
export async function parkedFetches(
  broker: CountedBroker,
  topic: string,
  consumers: number,
  usesSessions: boolean,
): Promise<ParkedBytes> {
  const witness = await RawClient.connect(broker.address);
  // A request on another connection is answered after those that came before it were begun.
  const witnessed = async () => {
    for (let one = 0; one < 20; one++) await witness.request(metadata, 12, { topics: [] });
    // What is weakly held, or was just closed, takes several collections to go.
    for (let one = 0; one < 5; one++) await broker.heap(true);
    const { used, external } = await broker.heap(true);
    return used + external;
  };
  const request = (fetchOffset: number, maxWaitMs: number) => ({
    maxWaitMs,
    minBytes: 1,
    maxBytes: 50 * 1024 * 1024,
    topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }] }],
    forgottenTopicsData: [],
  });
  const { responses } = await witness.request(fetch, version, { ...request(0, 0), ...noSession });
  const end = responses[0]?.partitions[0]?.highWatermark ?? 0;

  const clients: RawClient[] = [];
  const empty = await witnessed();
  for (let one = 0; one < consumers; one++) {
    const client = await RawClient.connect(broker.address);
    await client.request(metadata, 12, { topics: [] });
    clients.push(client);
  }
  const connected = await witnessed();
  const sessions: number[] = [];
  for (const client of usesSessions ? clients : []) {
    const full = { ...request(end, 0), ...wantsSession };
    sessions.push((await client.request(fetch, version, full)).sessionId);
  }
  const inSession = await witnessed();
  for (const [at, client] of clients.entries()) {
    // No two of them wait until the same millisecond.
    const wanted = request(end, 60_000 + 10 * at);
    const sessionId = sessions[at];
    client.send(fetch, version, {
      ...wanted,
      ...(sessionId === undefined ? noSession : { topics: [], sessionId, sessionEpoch: 1 }),
    });
  }
  const parked = await witnessed();
  if (clients.some(({ unread }) => unread > 0)) throw new Error('a fetch was answered at once');
  for (const client of [...clients, witness]) client.close();
  return {
    connection: (connected - empty) / consumers,
    session: (inSession - connected) / consumers,
    fetch: (parked - inSession) / consumers,
  };
}
