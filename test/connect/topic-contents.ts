import { batches } from '../../src/protocol/record-batch.ts';
import { committedView, uncommittedView, type SeenRecord } from '../support/committed-view.ts';
import type { RawClient } from '../support/raw-client.ts';
import { describeTopic, fetchOne } from '../support/requests.ts';

const readCommitted = 1;

export interface TopicContents {
  /** What a consumer with `read_committed` gets of each partition. */
  readonly committed: readonly (readonly SeenRecord[])[];
  /** All records of clients, those of aborted transactions among them. */
  readonly recordCount: number;
  /** Offsets that were given out: markers count, and what was compacted away. */
  readonly offsetCount: number;
}

/** Reads all of a topic. */
export async function readTopic(client: RawClient, topic: string): Promise<TopicContents> {
  const { errorCode, partitions } = await describeTopic(client, topic);
  if (errorCode !== 0) throw new Error(`topic ${topic}: error ${errorCode}`);
  const committed: SeenRecord[][] = [];
  let recordCount = 0;
  let offsetCount = 0;
  for (const { partitionIndex } of partitions) {
    const seen: SeenRecord[] = (committed[partitionIndex] = []);
    let highWatermark = Infinity;
    for (let next = 0; next < highWatermark;) {
      const fetched = await fetchOne(
        client,
        { topic, partition: partitionIndex, fetchOffset: next },
        { isolationLevel: readCommitted },
      );
      if (fetched.errorCode !== 0)
        throw new Error(`${topic}-${partitionIndex}: error ${fetched.errorCode} at ${next}`);
      const { records, abortedTransactions } = fetched;
      highWatermark = fetched.highWatermark;
      const last = records === null ? undefined : [...batches(records)].at(-1);
      if (records === null || last === undefined) break; // a transaction is open, or nothing is left
      const isNew = ({ offset }: SeenRecord): boolean => offset >= next;
      seen.push(...committedView(records, abortedTransactions ?? []).filter(isNew));
      recordCount += uncommittedView(records).filter(isNew).length;
      next = last.lastOffset + 1;
    }
    offsetCount += highWatermark;
  }
  return { committed, recordCount, offsetCount };
}
