import { load, rdkafkaProduce, type ClientRun } from '../harness/clients.ts';
import { javaProduce, whyNoJavaClients, withoutStart } from '../harness/java-clients.ts';
import type { Aim, Case, Size, Workload } from '../harness/workload.ts';

const loopP99Ms = { absoluteAtMost: 10 };
const shows = {
  cpuPerGiB: { atMost: 0.25, kfakeAtMost: 0.8 },
  megabytesPerSecond: { atLeast: 2, kfakeAtLeast: 1.1 },
  loopP99Ms,
};
/** For the record: no aim beside the others. */
const unaimed: Readonly<Record<string, Aim>> = {
  ...{ cpuPerGiB: {}, megabytesPerSecond: {} },
  loopP99Ms,
};
const partitions = 6;

function rdkafka(size: Size): Case {
  const records = size === 'full' ? 1_000_000 : 50_000;
  return {
    name: 'none, librdkafka',
    shows: { ...shows, peakMegabytes: {} },
    prepare: ({ newTopic }) => newTopic(partitions),
    drive: ({ address }, topic) =>
      rdkafkaProduce({
        ...{ broker: address, topic, records },
        properties: { 'batch.size': 131_072, 'linger.ms': 5 },
      }),
  };
}

/** Kafka's own producer; but for what is said here, with its defaults (idempotence among them). */
function java(size: Size): Case {
  const records = size === 'full' ? 1_000_000 : 50_000;
  const properties = { acks: 'all', 'batch.size': 131_072, 'linger.ms': 5 };
  let least: ClientRun = { seconds: 0, busySeconds: 0 };
  return {
    name: 'none, Java',
    shows,
    whyNot: whyNoJavaClients,
    prepare: async ({ address: broker, newTopic }) => {
      const topic = await newTopic(partitions);
      least = await javaProduce({ broker, topic, records: 1, properties });
      return topic;
    },
    drive: async ({ address: broker }, topic) =>
      withoutStart(await javaProduce({ broker, topic, records, properties }), least),
  };
}

/** The batches are compressed before the clock starts, so the broker's share is what is seen. */
function raw(codec: string, size: Size, aims: Case['shows']): Case {
  const requests = size === 'full' ? 8192 : 400;
  return {
    name: `${codec}, raw`,
    shows: aims,
    prepare: ({ newTopic }) => newTopic(partitions),
    drive: ({ address: broker }, topic) =>
      load('produce', { broker, topic, partitions, codec, requests, inflight: 5, records: 127 }),
  };
}

export const produceBig: Workload = {
  number: 1,
  name: 'produce-big',
  title: 'produce 1 KiB records, acks=all, batches of 128 KiB, 6 partitions',
  watchesLoop: true,
  cases: (size) => [
    rdkafka(size),
    java(size),
    raw('none', size, shows),
    raw('lz4', size, shows),
    ...['zstd', 'gzip', 'snappy'].map((codec) => raw(codec, size, unaimed)),
  ],
};
