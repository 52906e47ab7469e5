import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { load, rdkafkaConsume, type ClientRun } from '../harness/clients.ts';
import { javaConsume, whyNoJavaClients, withoutStart } from '../harness/java-clients.ts';
import type { Case, Size, Target, Workload } from '../harness/workload.ts';

const partitions = 6;
const recordsPerBatch = 127;
/** A second's run of librdkafka is as fast as its threads happen to be placed, up to half as fast again. */
const runsFromCache = 3;
const shows = { cpuPerGiB: { atMost: 1 }, megabytesPerSecond: { atLeast: 1 } };

async function fill({ address: broker, newTopic }: Target, codec: string, requests: number) {
  const topic = await newTopic(partitions);
  const records = recordsPerBatch;
  await load('produce', { broker, topic, partitions, codec, requests, records, inflight: 5 });
  return topic;
}

/** Needs root. */
function dropCaches(): void {
  execFileSync('sync');
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}

function consuming(name: string, codec: string, size: Size, isCold = false): Case {
  const requests = size === 'full' ? 8192 : 400;
  return {
    name,
    shows,
    prepare: async (target) => {
      const topic = await fill(target, codec, requests);
      if (isCold) dropCaches();
      return topic;
    },
    drive: async ({ address }, topic) => {
      const runs: ClientRun[] = [];
      for (let i = 0; i < (isCold ? 1 : runsFromCache); i++) {
        const run = await rdkafkaConsume({
          ...{ broker: address, topic, partitions, records: requests * recordsPerBatch },
          properties: { 'check.crcs': 'false', 'queued.min.messages': 1_000_000 },
        });
        runs.push(run);
      }
      return together(runs);
    },
  };
}

function together(runs: readonly ClientRun[]): ClientRun {
  const sumOf = (figure: 'seconds' | 'busySeconds' | 'records' | 'recordBytes'): number =>
    runs.reduce((sum, run) => sum + (run[figure] ?? 0), 0);
  return {
    seconds: sumOf('seconds'),
    busySeconds: sumOf('busySeconds'),
    records: sumOf('records'),
    recordBytes: sumOf('recordBytes'),
  };
}

/** Kafka's own consumer, with its defaults; the program turns off `check.crcs`. */
function consumingInJava(size: Size): Case {
  const requests = size === 'full' ? 8192 : 400;
  const records = requests * recordsPerBatch;
  let least: ClientRun = { seconds: 0, busySeconds: 0 };
  return {
    name: 'page cache, Java',
    shows,
    whyNot: whyNoJavaClients,
    prepare: async (target) => {
      const topic = await fill(target, 'none', requests);
      // The first group of all has the topic of the offsets made, which shall not be measured either.
      least = await javaConsume({ broker: target.address, topic, group: 'first', records: 1 });
      return topic;
    },
    drive: async ({ address: broker }, topic) =>
      withoutStart(await javaConsume({ broker, topic, group: 'measured', records }), least),
  };
}

/** Next to nothing is done with what comes. */
function fetching(size: Size): Case {
  const requests = size === 'full' ? 8192 : 400;
  return {
    name: 'page cache, raw',
    shows,
    prepare: (target) => fill(target, 'none', requests),
    drive: async ({ address: broker }, topic) => {
      const run = await load('fetch', { broker, topic, partitions });
      return { ...run, recordBytes: run['bytes'] ?? 0 };
    },
  };
}

export const consume: Workload = {
  number: 6,
  name: 'consume',
  title: 'consume 1 KiB records, 6 partitions',
  cases: (size) => [
    consuming('page cache, librdkafka', 'none', size),
    consumingInJava(size),
    fetching(size),
    consuming('cold disk, librdkafka', 'none', size, true),
    consuming('lz4, librdkafka', 'lz4', size),
  ],
};
