import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { SystemFileSender } from '../../src/host/file-sender.ts';
import { fetch } from '../../src/protocol/messages/fetch.ts';
import { ConnectionClosed, RawClient } from '../support/raw-client.ts';
import { until } from '../support/until.ts';
import {
  fetchOne,
  fetchRequest,
  produceValues,
  valuesOf,
  type FetchedPartition,
} from '../support/requests.ts';

const value = (partition: number, number: number): string =>
  `${partition}-${number}:`.padEnd(100_000 + (number % 9) * 7_000, '.');
const partitions = [0, 1, 2];
const count = 80;

let folder: string;
let broker: RunningBroker;
let client: RawClient;
const send = jest.spyOn(SystemFileSender.prototype, 'send');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'odradek-large-'));
  await start();
  const producer = await RawClient.connect(broker.bootstrapServers);
  for (let number = 0; number < count; number++) {
    for (const partition of partitions) {
      await produceValues(producer, [value(partition, number)], { topic: 'large', partition });
    }
  }
  producer.close();
});

async function start(): Promise<void> {
  const topics = [
    { name: 'large', partitions: partitions.length },
    { name: 'few', partitions: 1 },
  ];
  broker = await startBroker({ dataDir: folder, topics });
}

afterAll(async () => {
  await broker.close();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  client = await RawClient.connect(broker.bootstrapServers);
  send.mockClear();
});

afterEach(() => {
  client.close();
});

const all = (partition: number): string[] =>
  Array.from({ length: count }, (_, number) => value(partition, number));

/** Bytes that went from files. */
const bytesSent = (): number =>
  send.mock.results.reduce((sum, { value: sent }) => sum + Math.max(0, sent as number), 0);

function expectWhole(found: readonly FetchedPartition[]): void {
  for (const answer of found) {
    const values = valuesOf(answer).map((one) => one.value);
    expect(values.length).toBeGreaterThan(5);
    expect(values).toEqual(all(answer.partitionIndex).slice(0, values.length));
  }
}

it('are sent from the file, as many as it takes, and nothing is missing', async () => {
  for (const partition of partitions) {
    const values: string[] = [];
    while (values.length < count) {
      const wish = { topic: 'large', partition, fetchOffset: values.length };
      const found = valuesOf(await fetchOne(client, { ...wish, partitionMaxBytes: 1_048_576 }));
      expect(found[0]?.offset).toBe(values.length);
      values.push(...found.map((one) => one.value));
    }
    expect(values).toEqual(all(partition));
  }
  expect(bytesSent()).toBeGreaterThan(20_000_000);
});

it('wait for as many bytes as were asked for', async () => {
  const producer = await RawClient.connect(broker.bootstrapServers);
  const put = (number: number) => produceValues(producer, [value(0, number)], { topic: 'few' });
  for (let number = 0; number < 10; number++) await put(number);
  const wish = { topic: 'few', partitionMaxBytes: 1 << 24 };
  const id = client.send(
    fetch,
    11,
    fetchRequest([wish], { minBytes: 1_500_000, maxWaitMs: 60_000 }),
  );
  await pause(100);
  expect(client.unread).toBe(0);
  for (let number = 10; number < 14; number++) await put(number);
  const { responses } = await client.response(fetch, 11, id);
  const found = valuesOf(responses[0]!.partitions[0]!).map((one) => one.value);
  expect(found.length).toBeGreaterThan(10);
  expect(found).toEqual(all(0).slice(0, found.length));
  expect(bytesSent()).toBeGreaterThan(1_400_000);
  producer.close();
});

/** More than sockets hold of it, and little enough for a broker that stops to wait for. */
const wholeRequest = fetchRequest(
  partitions.map((partition) => ({ topic: 'large', partition, partitionMaxBytes: 1_000_000 })),
);

/** A client that has asked for more than sockets hold, and does not read it. */
async function standingStill(): Promise<number> {
  client.pause();
  const id = client.send(fetch, 11, wholeRequest);
  await until('the socket is full', () => send.mock.results.some(({ value: sent }) => sent === -1));
  await pause(20);
  return id;
}

it('come whole to a client that reads late', async () => {
  const id = await standingStill();
  client.resume();
  const { responses } = await client.response(fetch, 11, id);
  expectWhole(responses.flatMap((topic) => topic.partitions));
  expect(bytesSent()).toBeGreaterThan(1_000_000);
});

it('come whole where what follows them is no request', async () => {
  const id = await standingStill();
  client.sendFrame(Buffer.from([0x7f, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]));
  client.resume();
  const { responses } = await client.response(fetch, 11, id);
  expectWhole(responses.flatMap((topic) => topic.partitions));
  await expect(client.frame()).rejects.toThrow(ConnectionClosed);
});

it('come whole from a broker that stops', async () => {
  const id = await standingStill();
  const closed = broker.close();
  await pause(50);
  client.resume();
  const { responses } = await client.response(fetch, 11, id);
  expectWhole(responses.flatMap((topic) => topic.partitions));
  await closed;
  await start();
});
