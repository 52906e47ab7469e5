import { afterEach, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { fetch } from '../../src/protocol/messages/fetch.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import { readRecords } from '../../src/protocol/record-batch.ts';
import { batchOf } from '../support/batches.ts';
import { RawClient } from '../support/raw-client.ts';

let broker: RunningBroker | undefined;
let folder: string | undefined;

afterEach(async () => {
  await broker?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

it('batches stay what was sent, though the memory of requests is used again', async () => {
  folder = mkdtempSync(join(tmpdir(), 'odradek-'));
  broker = await startBroker({ dataDir: folder, topics: [{ name: 'reused', partitions: 2 }] });
  const client = await RawClient.connect(broker.bootstrapServers);
  const value = (number: number): string => `${number}:`.repeat(3000 + 400 * (number % 50));
  const count = 120;
  for (let number = 0; number < count; number++) {
    client.send(produce, 9, {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [
        {
          name: 'reused',
          partitionData: [{ index: number % 2, records: batchOf([value(number)]) }],
        },
      ],
    });
  }
  for (let number = 1; number <= count; number++) {
    const { responses } = await client.response(produce, 9, number);
    expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
  }
  for (const partition of [0, 1]) {
    const { responses } = await client.request(fetch, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 26,
      topics: [
        {
          topic: 'reused',
          partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1 << 26 }],
        },
      ],
      forgottenTopicsData: [],
    });
    const found = responses[0]?.partitions[0]?.records ?? [];
    const ranges = Array.isArray(found) ? found : [found];
    const values = ranges.flatMap((range) =>
      readRecords(range).map((record) => record.value?.toString() ?? ''),
    );
    const sent = Array.from({ length: count / 2 }, (_, half) => value(half * 2 + partition));
    expect(values.map((text) => text.slice(0, 9))).toEqual(sent.map((text) => text.slice(0, 9)));
    expect(values).toEqual(sent);
  }
  client.close();
});
