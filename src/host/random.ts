/** Chance as the broker sees it; tests give a seeded one. */
export interface Random {
  /** A number in [0, 1). */
  fraction(): number;
  /** Sixteen random bytes: the source of every id. */
  bytes16(): Uint8Array;
}
