import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { errorCodes } from '../../../src/protocol/error-codes.ts';
import { metadata } from '../../../src/protocol/messages/metadata.ts';
import { Program, type Run } from '../../support/program.ts';
import { ConnectionClosed, RawClient } from '../../support/raw-client.ts';
import { batchOf, createTopic, fetchOne, produceBatch, valuesOf } from '../../support/requests.ts';

const partitions = 60;
const topic = 'orders';
/** Every append begins a new segment, and is flushed: logs, indexes, snapshots and folders are opened. */
const config = { 'segment.ms': '1', 'flush.messages': '1', 'retention.ms': '-1' };

let program: Program;

beforeAll(async () => {
  program = await Program.build();
});

afterAll(() => program.remove());

const timeOf = (round: number): number => 1_700_000_000_000 + round * 1_000;

/** A value to each partition, at once; how each was answered. */
async function round(clients: readonly RawClient[], number: number): Promise<Set<number>> {
  const answers = await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const client = clients[partition % clients.length]!;
      const records = [{ timestamp: timeOf(number), value: Buffer.from(`${number}`) }];
      const batch = batchOf([], { records });
      return (await produceBatch(client, batch, { topic, partition })).errorCode;
    }),
  );
  return new Set(answers);
}

async function valuesOfAll(client: RawClient): Promise<string[][]> {
  const all: string[][] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const values: string[] = [];
    for (;;) {
      const got = await fetchOne(client, { topic, partition, fetchOffset: values.length });
      const found = valuesOf(got).map(({ value }) => value);
      if (found.length === 0) break;
      values.push(...found);
    }
    all.push(values);
  }
  return all;
}

const started = (limit: number, data: string): Run =>
  program.runWithin(limit, ['--port', '0', '--data', join(program.folder, data)]);

/** Somebody who wants many connections, and what becomes of them. */
async function crowd(address: string, count: number) {
  const open: RawClient[] = [];
  let refused = 0;
  for (let i = 0; i < count; i++) {
    try {
      const client = await RawClient.connect(address);
      await client.request(metadata, 12, { topics: [] });
      open.push(client);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused++;
    }
  }
  return { open, refused };
}

/** The connection ended at once, be it before the request was sent or behind it. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ConnectionClosed || (error as NodeJS.ErrnoException).code === 'ECONNRESET';

describe.each([48, 64])('a process that may open %d files', (limit) => {
  it('serves more partitions than that, whoever connects, and stops in order', async () => {
    const data = `data-${limit}`;
    const run = started(limit, data);
    try {
      const address = await run.written(/bootstrap server +(\S+)/);
      const clients = [await RawClient.connect(address), await RawClient.connect(address)];
      await createTopic(clients[0]!, topic, config, partitions);
      const values: string[] = [];
      const served = new Set([errorCodes.NONE]);
      const produce = async (): Promise<void> => {
        expect(await round(clients, values.length)).toEqual(served);
        values.push(`${values.length}`);
      };
      for (let i = 0; i < 3; i++) await produce();
      const { open, refused } = await crowd(address, 2 * limit);
      expect(open.length).toBeGreaterThan(0);
      expect(refused).toBeGreaterThanOrEqual(limit);
      for (let i = 0; i < 3; i++) await produce();
      expect(readdirSync(`/proc/${run.pid}/fd`).length).toBeLessThan(limit);
      for (const client of open) client.close();
      await produce();
      expect(await valuesOfAll(clients[0]!)).toEqual(new Array(partitions).fill(values));
      const files = readdirSync(join(program.folder, data), { recursive: true }).map(String);
      const logs = files.filter((name) => name.startsWith(topic) && name.endsWith('.log'));
      expect(logs).toHaveLength(partitions * values.length);
      for (const client of clients) client.close();
      run.signal('SIGTERM');
      expect(await run.exited).toBe(0);
      expect(run.stderr).not.toMatch(/ERROR|EMFILE/);
      expect(run.stderr).toMatch(/too many connections .*ulimit -n.*: refused one/);

      await isAllThereAgain(limit, data, values);
    } finally {
      run.signal('SIGKILL');
      await run.exited;
    }
  });
});

/** Under the same limit a start finds all of it. */
async function isAllThereAgain(limit: number, data: string, values: string[]): Promise<void> {
  const again = started(limit, data);
  try {
    const client = await RawClient.connect(await again.written(/bootstrap server +(\S+)/));
    expect(await valuesOfAll(client)).toEqual(new Array(partitions).fill(values));
    client.close();
    again.signal('SIGTERM');
    expect(await again.exited).toBe(0);
    expect(again.stderr).not.toMatch(/ERROR|EMFILE/);
  } finally {
    again.signal('SIGKILL');
    await again.exited;
  }
}
