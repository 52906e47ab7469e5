import { load, rdkafkaProduce, type ClientRun } from '../harness/clients.ts';
import { javaProduce, whyNoJavaClients, withoutStart } from '../harness/java-clients.ts';
import type { Aim, Case, Size, Target } from '../harness/workload.ts';

export const partitions = 6;

/** Batches of records of a KiB, as one of the workloads has them. */
export interface BatchShape {
  readonly batchBytes: number;
  /** What the raw client puts into a batch. */
  readonly recordsPerBatch: number;
  /** Of the clients that make batches themselves. */
  readonly records: number;
  /** Of the raw client, a batch each. */
  readonly requests: number;
}

export interface BatchAims {
  readonly cpuPerGiB: Aim;
  readonly megabytesPerSecond: Aim;
  /** Shown in every case. */
  readonly always?: Readonly<Record<string, Aim>>;
}

/** All codecs; those but none and lz4 are for the record, without aims beside the others. */
export function batchCases(shape: BatchShape, aims: BatchAims): Case[] {
  const { cpuPerGiB, megabytesPerSecond, always } = aims;
  const aimed = { cpuPerGiB, megabytesPerSecond, writtenPerByte: {}, peakMegabytes: {}, ...always };
  const unaimed = { cpuPerGiB: {}, megabytesPerSecond: {}, ...always };
  return [
    { ...rdkafka(shape), shows: aimed },
    { ...java(shape), shows: aimed },
    ...['none', 'lz4'].map((codec) => ({ ...raw(codec, shape), shows: aimed })),
    ...['zstd', 'gzip', 'snappy'].map((codec) => ({ ...raw(codec, shape), shows: unaimed })),
  ];
}

/** The same in small. */
export const quickly = (shape: BatchShape, size: Size): BatchShape =>
  size === 'full' ? shape : { ...shape, records: 50_000, requests: 400 };

type Unshown = Omit<Case, 'shows'>;

function rdkafka({ records, batchBytes }: BatchShape): Unshown {
  return {
    name: 'none, librdkafka',
    prepare: ({ newTopic }) => newTopic(partitions),
    drive: ({ address: broker }, topic) =>
      rdkafkaProduce({
        ...{ broker, topic, records },
        properties: { 'batch.size': batchBytes, 'linger.ms': 5 },
      }),
  };
}

/** Kafka's own producer; but for what is said here, with its defaults (idempotence among them). */
function java({ records, batchBytes }: BatchShape): Unshown {
  const properties = { acks: 'all', 'batch.size': batchBytes, 'linger.ms': 5 };
  let least: ClientRun = { seconds: 0, busySeconds: 0 };
  return {
    name: 'none, Java',
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

function raw(codec: string, shape: BatchShape): Unshown {
  return {
    name: `${codec}, raw`,
    prepare: ({ newTopic }) => newTopic(partitions),
    drive: (target, topic) => produceRaw(target, topic, codec, shape),
  };
}

/** The batches are compressed before the clock starts, so the broker's share is what is seen. */
export function produceRaw(
  { address: broker }: Pick<Target, 'address'>,
  topic: string,
  codec: string,
  { requests, recordsPerBatch: records }: Pick<BatchShape, 'requests' | 'recordsPerBatch'>,
): Promise<ClientRun> {
  return load('produce', { broker, topic, partitions, codec, requests, inflight: 5, records });
}
