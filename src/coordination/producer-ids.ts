/** Consecutive producer ids that nobody else was given or will be. */
export interface ProducerIdBlock {
  readonly firstProducerId: number;
  readonly count: number;
}

/**
 * Hands out producer ids, each once in the life of the cluster. They come in blocks from the
 * catalog; what is left of a block when the broker stops is never used.
 */
export class ProducerIds {
  private next = 0;
  private end = 0;
  private fetching: Promise<void> | undefined;

  /** @param allocateBlock  takes a block out of the catalog, for good */
  constructor(private readonly allocateBlock: () => Promise<ProducerIdBlock>) {}

  async take(): Promise<number> {
    // Several may wait for the same block, and another may have emptied it by then.
    while (this.next >= this.end) {
      this.fetching ??= this.fetch().finally(() => (this.fetching = undefined));
      await this.fetching;
    }
    return this.next++;
  }

  private async fetch(): Promise<void> {
    const { firstProducerId, count } = await this.allocateBlock();
    this.next = firstProducerId;
    this.end = firstProducerId + count;
  }
}
