/**
 * Most bytes of records that the event loop decompresses for one batch: a few ms of work, and more than the largest
 * batches of common clients hold. What is more is for `LargeBatches`.
 */
export const mostBytesInLoop = 1024 * 1024;

/** A client's batch would hold up the event loop. */
export class TakesLong extends Error {
  override readonly name = 'TakesLong';
}
