/** The cleaner's own configuration; sizes in bytes. */
export interface CleanerSettings {
  /** `log.cleaner.enable`. */
  readonly isEnabled: boolean;
  /** `log.cleaner.backoff.ms`: pause when nothing is to be cleaned. */
  readonly backoffMs: number;
  /** `log.cleaner.dedupe.buffer.size`: most memory for the map of keys. */
  readonly dedupeBufferSize: number;
  /** `log.cleaner.io.buffer.load.factor`: how full the map may get, 0 to 1. */
  readonly loadFactor: number;
  /** `log.cleaner.io.buffer.size`: half of it for reads, half for writes. */
  readonly ioBufferSize: number;
  /** `log.cleaner.io.max.bytes.per.second`, of reads and writes together. */
  readonly maxBytesPerSecond: number;
}

export const defaultCleanerSettings: CleanerSettings = {
  isEnabled: true,
  backoffMs: 15_000,
  dedupeBufferSize: 134_217_728,
  loadFactor: 0.9,
  ioBufferSize: 524_288,
  maxBytesPerSecond: Number.MAX_VALUE,
};
