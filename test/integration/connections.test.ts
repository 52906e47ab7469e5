import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encode } from '../../src/protocol/codec.ts';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { apiVersions } from '../../src/protocol/messages/api-versions.ts';
import { fetch } from '../../src/protocol/messages/fetch.ts';
import { joinGroup } from '../../src/protocol/messages/join-group.ts';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { ConnectionClosed, encodeRequest, RawClient } from '../support/raw-client.ts';
import { batchOf, fetchOne, fetchRequest, produceRequest, valuesOf } from '../support/requests.ts';

let broker: RunningBroker;
const clients: RawClient[] = [];

async function connect(clientId: string | null = 'raw'): Promise<RawClient> {
  const client = await RawClient.connect(broker.bootstrapServers, clientId);
  clients.push(client);
  return client;
}

beforeEach(async () => {
  broker = await startBroker({ topics: ['orders'] });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await broker.close();
});

const software = { clientSoftwareName: 'raw', clientSoftwareVersion: '1.0' };
const nothingAsked = { topics: [] };

describe('requests of one connection', () => {
  it('row 1: are answered strictly in order, a long poll first', async () => {
    const client = await connect();
    const other = await connect();
    const poll = client.send(fetch, 11, fetchRequest([{}], { maxWaitMs: 10_000 }));
    const next = client.send(apiVersions, 3, software);
    await other.request(apiVersions, 3, software); // others are not held up
    expect(client.unread).toBe(0);
    await other.request(produce, 11, produceRequest(batchOf(['x'])));
    const fetched = await client.response(fetch, 11, poll);
    expect(fetched.responses[0]?.partitions[0]?.highWatermark).toBe(1);
    await client.response(apiVersions, 3, next);
  });

  it('row 1: come back in order however many are sent at once', async () => {
    const client = await connect();
    const sent = Array.from({ length: 500 }, (_, i) =>
      i % 7 === 0
        ? client.send(apiVersions, 3, software)
        : client.send(produce, 11, produceRequest(batchOf([`${i}`]))),
    );
    let offset = 0;
    for (const [i, id] of sent.entries()) {
      if (i % 7 === 0) await client.response(apiVersions, 3, id);
      else {
        const { responses } = await client.response(produce, 11, id);
        expect(responses[0]?.partitionResponses[0]).toMatchObject({ baseOffset: offset++ });
      }
    }
  });

  it('row 2: acks=0 is not answered', async () => {
    const client = await connect();
    client.send(produce, 11, produceRequest(batchOf(['silent']), { acks: 0 }));
    const id = client.send(apiVersions, 3, software);
    await client.response(apiVersions, 3, id); // the next answer is the next request's
    expect(valuesOf(await fetchOne(client))).toEqual([{ offset: 0, value: 'silent' }]);
  });

  it('row 2: acks=0 that fails closes the connection', async () => {
    const client = await connect();
    client.send(produce, 11, produceRequest(batchOf(['x']), { acks: 0, topic: 'unknown' }));
    await client.closed;
  });

  it('row 14: echo the correlation id, and need no client id', async () => {
    const client = await connect(null);
    await client.request(metadata, 12, nothingAsked);
    await client.request(metadata, 1, nothingAsked);
  });

  it('row 14: may carry tags that nobody knows', async () => {
    const client = await connect();
    const plain = encodeRequest(apiVersions, 3, 1, 'raw', software).subarray(4);
    // The last byte says "no tags"; instead: one tag, number 99, two bytes.
    client.sendFrame(Buffer.concat([plain.subarray(0, -1), Buffer.of(1, 99, 2, 7, 7)]));
    await client.response(apiVersions, 3, 1);
  });

  it('row 15: are told the address of the listener they came in on', async () => {
    const client = await connect();
    const { brokers } = await client.request(metadata, 12, nothingAsked);
    const [{ host, port } = { host: '', port: 0 }] = brokers;
    expect(`${host}:${port}`).toBe(broker.bootstrapServers);
  });
});

describe('what is not served', () => {
  it.each([
    ['an unknown API key', Buffer.of(0, 99, 0, 0, 0, 0, 0, 1, 255, 255)],
    ['an unknown version', encodeUnsafe(metadata.key, 99)],
    ['Produce below 3', encodeUnsafe(produce.key, 2)],
    ['a header that ends early', Buffer.of(0, 3, 0, 1, 0)],
    ['a client id longer than the frame', Buffer.of(0, 3, 0, 1, 0, 0, 0, 1, 0, 9)],
    ['an empty frame', Buffer.alloc(0)],
    [
      'a body that does not decode',
      Buffer.concat([encodeUnsafe(metadata.key, 1), Buffer.of(0, 0, 0, 9)]),
    ],
  ])('row 3: %s closes the connection without a word', async (_what, frame) => {
    const client = await connect();
    client.sendFrame(frame);
    await expect(client.frame()).rejects.toThrow(ConnectionClosed);
  });

  it('row 3: what came before is answered', async () => {
    const client = await connect();
    const id = client.send(apiVersions, 3, software);
    client.sendFrame(encodeUnsafe(metadata.key, 99));
    await client.response(apiVersions, 3, id);
    await client.closed;
  });

  it.each([-1, 104_857_601])('row 4: a frame of %i bytes closes the connection', async (length) => {
    const client = await connect();
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(length);
    client.write(prefix);
    await client.closed;
  });

  it('row 4: the limit is socket.request.max.bytes', async () => {
    await broker.close();
    broker = await startBroker({ properties: { 'socket.request.max.bytes': '1000' } });
    const client = await connect();
    await client.request(apiVersions, 3, software);
    client.sendFrame(Buffer.alloc(1001));
    await client.closed;
  });
});

/** A header of version 1 without a client id. */
function encodeUnsafe(key: number, version: number): Buffer {
  const header = Buffer.alloc(10);
  header.writeInt16BE(key, 0);
  header.writeInt16BE(version, 2);
  header.writeInt32BE(1, 4);
  header.writeInt16BE(-1, 8);
  return header;
}

describe('ApiVersions', () => {
  it('trap 1: of an unknown version is answered in the oldest layout, with our range', async () => {
    const client = await connect();
    client.sendFrame(
      Buffer.concat([
        encodeUnsafe(apiVersions.key, 77),
        Buffer.of(0), // tags of the header
        encode(apiVersions.request, 3, software),
      ]),
    );
    const answer = await client.response(apiVersions, 0, 1);
    expect(answer.errorCode).toBe(errorCodes.UNSUPPORTED_VERSION);
    expect(answer.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 4 }]);
    await client.request(apiVersions, 4, software); // the connection lives on
  });

  it('trap 2: has the oldest response header at every version', async () => {
    const client = await connect();
    for (const version of [0, 1, 2, 3, 4]) await client.request(apiVersions, version, software);
  });

  it.each([
    ['-raw', '1'],
    ['raw', ''],
    ['a b', '1'],
    ['raw', '1.'],
  ])('trap 4: refuses the software name %j version %j', async (name, version) => {
    const client = await connect();
    const { errorCode } = await client.request(apiVersions, 3, {
      clientSoftwareName: name,
      clientSoftwareVersion: version,
    });
    expect(errorCode).toBe(errorCodes.INVALID_REQUEST);
  });

  it('traps 6 and 7: announces Produce and JoinGroup from 0, for old librdkafka', async () => {
    const client = await connect();
    const { apiKeys } = await client.request(apiVersions, 4, software);
    const lowest = new Map(apiKeys.map(({ apiKey, minVersion }) => [apiKey, minVersion]));
    expect(lowest.get(produce.key)).toBe(0);
    expect(lowest.get(joinGroup.key)).toBe(0);
  });

  it('finalizes only features that are served', async () => {
    const client = await connect();
    const { finalizedFeatures, supportedFeatures } = await client.request(apiVersions, 4, software);
    expect(finalizedFeatures).toEqual([
      { name: 'metadata.version', maxVersionLevel: 30, minVersionLevel: 30 },
      { name: 'transaction.version', maxVersionLevel: 2, minVersionLevel: 2 },
    ]);
    expect(supportedFeatures).toContainEqual({
      name: 'metadata.version',
      minVersion: 7,
      maxVersion: 30,
    });
  });
});

describe('row 7: connections', () => {
  it('are closed when nothing happens on them for connections.max.idle.ms', async () => {
    await broker.close();
    const clock = new ManualClock();
    broker = await startBroker({ clock, properties: { 'connections.max.idle.ms': '10000' } });
    const idle = await connect();
    const busy = await connect();
    await idle.request(apiVersions, 3, software);
    await clock.advance(6_000);
    await busy.request(apiVersions, 3, software);
    await clock.advance(5_000);
    await idle.closed;
    await busy.request(apiVersions, 3, software);
  });

  it('are refused above max.connections.per.ip', async () => {
    await broker.close();
    broker = await startBroker({ properties: { 'max.connections.per.ip': '1' } });
    const first = await connect();
    await first.request(apiVersions, 3, software);
    const second = await connect();
    await second.closed;
    first.close();
    await settle(10);
    const third = await connect();
    await third.request(apiVersions, 3, software);
  });

  it('are refused above max.connections, from whatever address', async () => {
    await broker.close();
    broker = await startBroker({ properties: { 'max.connections': '1' } });
    const first = await connect();
    await first.request(apiVersions, 3, software);
    const second = await connect();
    await second.closed;
    await first.request(apiVersions, 3, software);
  });

  it('of an address with a limit of its own have that one', async () => {
    await broker.close();
    const overrides = { 'max.connections.per.ip.overrides': '10.0.0.1:7,127.0.0.1:2' };
    broker = await startBroker({ properties: { 'max.connections.per.ip': '1', ...overrides } });
    await (await connect()).request(apiVersions, 3, software);
    await (await connect()).request(apiVersions, 3, software);
    const third = await connect();
    await third.closed;
  });

  it('that never read do not fill the memory', async () => {
    const writer = await connect();
    const large = 'x'.repeat(500_000);
    for (let i = 0; i < 20; i++) {
      await writer.request(produce, 11, produceRequest(batchOf([large])));
    }
    const hanging = await connect();
    hanging.pause();
    const before = process.memoryUsage();
    for (let i = 0; i < 200; i++) hanging.send(fetch, 11, fetchRequest([{}]));
    await settle(50);
    const after = process.memoryUsage();
    const grown = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
    expect(grown).toBeLessThan(64 * 1024 * 1024);
  });
});
