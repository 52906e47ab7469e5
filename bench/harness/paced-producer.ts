/**
 * A process that produces at a steady rate: `paced-producer.ts SERVER TOPIC BYTES_PER_SECOND`. Its parent
 * sends 'begin', and on 'end' gets the latencies since: from when a request was due, so that a broker
 * that stands still for a while pays for all that had to wait; or from when it was sent, up to 1 ms early.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import { batchOf } from '../../test/support/batches.ts';
import { RawClient } from '../../test/support/raw-client.ts';

const requestBytes = 64 * 1024;
const recordBytes = 1024;
const [server = '', topic = '', rate = '0'] = process.argv.slice(2);

let latencies: number[] = [];
let failed = 0;
let beganMs = 0;

process.on('message', (message) => {
  if (message === 'begin') {
    latencies = [];
    failed = 0;
    beganMs = performance.now();
    return;
  }
  const sorted = [...latencies].sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? NaN;
  const seconds = (performance.now() - beganMs) / 1000;
  process.send?.({
    p50: Number(at(0.5).toFixed(2)),
    p99: Number(at(0.99).toFixed(2)),
    megabytesPerSecond: Number(((sorted.length * requestBytes) / seconds / 1e6).toFixed(1)),
    failed,
  });
});

async function main(): Promise<void> {
  const client = await RawClient.connect(server);
  await client.request(metadata, 12, { topics: [{ name: topic }] });
  const value = 'x'.repeat(recordBytes - 20);
  const values = Array.from({ length: requestBytes / recordBytes }, () => value);
  const periodMs = (requestBytes / Number(rate)) * 1000;
  const records = batchOf(values, { timestamp: Date.now() });
  const body = {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  };
  for (let dueMs = performance.now(); ; dueMs += periodMs) {
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await pause(waitMs);
    const fromMs = Math.min(dueMs, performance.now());
    client
      .request(produce, 9, body)
      .then(({ responses }) => {
        latencies.push(performance.now() - fromMs);
        if (responses[0]?.partitionResponses[0]?.errorCode !== 0) failed++;
      })
      .catch(() => process.exit(1));
  }
}

void main();
