import { batches } from '../../../src/protocol/record-batch.ts';
import { committedView, type SeenRecord } from '../../support/committed-view.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { fetchOne } from '../../support/requests.ts';

/** A consumer of committed records that goes on where it was, over as many connections as it takes. */
export class CommittedReader {
  readonly seen: SeenRecord[] = [];
  private nextOffset = 0;

  constructor(
    private readonly topic: string,
    private readonly partition: number,
  ) {}

  /**
   * Reads up to the last stable offset.
   *
   * @returns whether there was anything
   * @throws {Error} the broker refused
   */
  async readOn(client: RawClient): Promise<boolean> {
    const { topic, partition, nextOffset } = this;
    const wish = { topic, partition, fetchOffset: nextOffset, partitionMaxBytes: 1 << 20 };
    const fetched = await fetchOne(client, wish, { isolationLevel: 1, version: 12 });
    const { errorCode, records, abortedTransactions } = fetched;
    if (errorCode !== 0) throw new Error(`${topic}-${partition}: error ${errorCode}`);
    if (records === null) return false;
    const view = committedView(records, abortedTransactions ?? []);
    this.seen.push(...view.filter(({ offset }) => offset >= nextOffset));
    for (const { lastOffset } of batches(records)) this.nextOffset = lastOffset + 1;
    return this.nextOffset > nextOffset;
  }

  /** Reads until there is nothing more. */
  async readAll(client: RawClient): Promise<readonly string[]> {
    while (await this.readOn(client));
    return this.values;
  }

  get values(): readonly string[] {
    return this.seen.map(({ value }) => value);
  }
}
