import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { errorName } from '../../src/protocol/error-codes.ts';
import { apiVersions } from '../../src/protocol/messages/api-versions.ts';
import { createTopics } from '../../src/protocol/messages/create-topics.ts';
import { fetch } from '../../src/protocol/messages/fetch.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import { readRecords } from '../../src/protocol/record-batch.ts';
import { batchOf } from '../../test/support/batches.ts';
import { RawClient } from '../../test/support/raw-client.ts';

export const probeTopic = 'probe-of-the-fuzzer';
const everyMs = 200;

/** A well-behaved client that must not notice anything. */
export class Probe {
  private isRunning = true;
  private readonly done: Promise<void>;
  rounds = 0;
  slowestMs = 0;
  /** The first thing that was not as it should be. */
  failure: string | undefined;

  private constructor(
    private readonly client: RawClient,
    private readonly boundMs: number,
  ) {
    this.done = this.run();
  }

  static async start(bootstrapServers: string, boundMs: number): Promise<Probe> {
    const client = await RawClient.connect(bootstrapServers, 'probe');
    const name = probeTopic;
    const topics = [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    await client.request(createTopics, 6, { topics, timeoutMs: 10_000, validateOnly: false });
    return new Probe(client, boundMs);
  }

  async stop(): Promise<void> {
    this.isRunning = false;
    await this.done;
    this.client.close();
  }

  private async run(): Promise<void> {
    const announced = await this.announced();
    while (this.isRunning && this.failure === undefined) {
      const beganMs = performance.now();
      const late = pause(this.boundMs, 'no answer in time', { ref: false });
      const failure = await Promise.race([this.round(announced).catch(String), late]);
      this.failure ??= failure;
      this.slowestMs = Math.max(this.slowestMs, performance.now() - beganMs);
      this.rounds++;
      await pause(everyMs);
    }
  }

  /** @returns what is wrong */
  private async round(announced: unknown): Promise<string | undefined> {
    const value = `round ${this.rounds}`;
    const offset = await this.produce(value);
    const found = await this.fetch(offset);
    if (found !== value) return `produced '${value}' at ${offset}, fetched '${String(found)}'`;
    const now = await this.announced();
    return isDeepStrictEqual(now, announced) ? undefined : 'other APIs are announced';
  }

  private async announced() {
    const request = { clientSoftwareName: 'probe', clientSoftwareVersion: '1' };
    return (await this.client.request(apiVersions, 3, request)).apiKeys;
  }

  private async produce(value: string): Promise<number> {
    const { responses } = await this.client.request(produce, 9, {
      acks: -1,
      timeoutMs: 10_000,
      topicData: [
        {
          name: probeTopic,
          partitionData: [{ index: 0, records: batchOf([value], { timestamp: Date.now() }) }],
        },
      ],
    });
    const partition = responses[0]?.partitionResponses[0];
    if (partition?.errorCode !== 0)
      throw new Error(`produce: ${errorName(partition?.errorCode ?? -1)}`);
    return partition.baseOffset;
  }

  private async fetch(fetchOffset: number): Promise<string | undefined> {
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }];
    const { responses } = await this.client.request(fetch, 12, {
      maxWaitMs: 100,
      minBytes: 1,
      topics: [{ topic: probeTopic, partitions }],
      forgottenTopicsData: [],
    });
    const partition = responses[0]?.partitions[0];
    if (partition?.errorCode !== 0)
      throw new Error(`fetch: ${errorName(partition?.errorCode ?? -1)}`);
    const { records } = partition;
    if (records === null || records.end === records.start) return undefined;
    return readRecords(records)[0]?.value?.toString();
  }
}
