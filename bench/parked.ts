/**
 * Memory of fetches that wait for records: `npx jiti bench/parked.ts [CONSUMERS]`.
 *
 * Bytes that the broker keeps of each of many consumers, on the JavaScript heap and outside of it,
 * after a garbage collection. The first round also pays for what happens only once. The aim is
 * that a fetch of one partition keeps less than 1 KiB while it waits.
 */
import { createTopics } from '../src/protocol/messages/create-topics.ts';
import { RawClient } from '../test/support/raw-client.ts';
import { CountedBroker } from './guard/counted-broker.ts';
import { parkedFetches } from './guard/parked-fetches.ts';

const topic = 'counted';
const consumers = Number(process.argv[2] ?? 2000);
const rounds = 3;

const slots = `max.incremental.fetch.session.cache.slots=${2 * rounds * consumers}`;
const broker = await CountedBroker.start(['--override', slots]);
try {
  const client = await RawClient.connect(broker.address);
  await client.request(createTopics, 5, {
    topics: [{ name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 10_000,
  });
  for (const usesSessions of [false, true]) {
    console.log(`${consumers} fetches ${usesSessions ? 'within sessions' : 'without sessions'}`);
    for (let round = 0; round < rounds; round++) {
      const bytes = await parkedFetches(broker, topic, consumers, usesSessions);
      const [connection, session, fetch] = [bytes.connection, bytes.session, bytes.fetch].map(
        Math.round,
      );
      console.log(`  bytes of each: connection ${connection}, session ${session}, fetch ${fetch}`);
    }
  }
  client.close();
} finally {
  await broker.stop();
}
