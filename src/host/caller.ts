/**
 * Who waits for an answer, and may go before there is one. Not an AbortSignal: that and its listener
 * take more memory than everything else that a parked request holds.
 */
export interface Caller {
  /** Nobody reads the answer any more, or there is no time left to wait for a better one. */
  readonly isGone: boolean;
  /** What it is kept waiting by, one thing at a time: told at least once when the caller goes. */
  waitsFor: Wait | undefined;
  /** The answer goes to a socket that takes bytes of files as they are. */
  readonly takesFiles?: boolean;
}

export interface Wait {
  giveUp(): void;
}
