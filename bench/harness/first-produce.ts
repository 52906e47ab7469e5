import { setTimeout as pause } from 'node:timers/promises';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import { batchOf } from '../../test/support/batches.ts';
import { RawClient } from '../../test/support/raw-client.ts';

const timeoutMs = 60_000;

/**
 * Produces one record with acks=all to a topic that does not exist, trying every millisecond until
 * it is acknowledged.
 */
export async function firstProduce(address: string): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (performance.now() < deadlineMs) {
    const client = await RawClient.connect(address).catch(() => undefined);
    if (client !== undefined) {
      const isDone = await produceOnce(client).catch(() => false);
      client.close();
      if (isDone) return;
    }
    await pause(1);
  }
  throw new Error(`no acknowledged produce within ${timeoutMs} ms`);
}

/** @returns whether it was acknowledged before the broker refused something */
async function produceOnce(client: RawClient): Promise<boolean> {
  const name = 'first';
  for (;;) {
    const { topics } = await client.request(metadata, 12, { topics: [{ name }] });
    const [topic] = topics;
    if (topic?.errorCode === errorCodes.NONE && topic.partitions[0]?.leaderId !== -1) break;
    await pause(1);
  }
  const records = batchOf(['hello'], { timestamp: Date.now() });
  const { responses } = await client.request(produce, 9, {
    acks: -1,
    timeoutMs: 10_000,
    topicData: [{ name, partitionData: [{ index: 0, records }] }],
  });
  return responses[0]?.partitionResponses[0]?.errorCode === errorCodes.NONE;
}
