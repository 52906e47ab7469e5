/** A data folder that must not be opened; the message says why, and what to do. */
export class UnusableFolder extends Error {
  override readonly name = 'UnusableFolder';
}
