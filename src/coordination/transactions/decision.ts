import type { Transaction, TransactionVersion } from './transaction.ts';

/** What decides beside the transaction and the request. */
export interface Circumstances {
  readonly nowMs: number;
  /** `transaction.version` of the cluster. */
  readonly serverVersion: TransactionVersion;
  /** A fresh one, where the decision may want it. */
  readonly newProducerId?: number | undefined;
}

/** What is to be written, and what the one who asked hears when it is. */
export interface Decision<R> {
  /** The transaction from now on; undefined: nothing changes. */
  readonly next: Transaction | undefined;
  readonly result: R;
}
