/** A transaction as its producer sees it. */
export interface ModelTransaction {
  readonly number: number;
  readonly transactionalId: string;
  /** Values that were acknowledged, by partition. */
  readonly written: Map<string, string[]>;
  /** Whether the offset (its number) was acknowledged. */
  hasOffset: boolean;
  /**
   * `open` also stands for one whose producer was fenced or died: nobody can commit it any more, and it
   * will be aborted. `unknown`: a commit was asked for, and no answer came.
   */
  outcome: 'open' | 'committed' | 'aborted' | 'unknown';
}

/** What a run brought about: a model in which nothing happens proves nothing. */
export const nothingSeen = {
  committed: 0,
  aborted: 0,
  open: 0,
  unknown: 0,
  /** Offsets that were acknowledged within committed transactions. */
  offsets: 0,
  /** Lives of producers: each but the first of an id makes a zombie of the one before. */
  lives: 0,
  /** Producers that heard that another one has their id, or that they took too long. */
  fenced: 0,
  /** Producers that went on under their id after an error, with a new epoch (KIP-360). */
  recovered: 0,
  /** Requests that were sent again. */
  repeated: 0,
  /** Batches whose answer was not waited for, some of which came when their transaction was over. */
  unheard: 0,
  timeouts: 0,
  /** Processes that were killed, and brokers of a living process that were stopped. */
  kills: 0,
  stops: 0,
};

export type Seen = typeof nothingSeen;
