import type { CleanerSettings } from '../../storage/cleaner/cleaner-settings.ts';
import type { BrokerConfig } from './broker-config.ts';

/** What the cleaner of a store goes by. One cleans all logs, so `log.cleaner.threads` says nothing. */
export function cleanerSettings(config: BrokerConfig): CleanerSettings {
  return {
    isEnabled: config.get('log.cleaner.enable'),
    backoffMs: config.get('log.cleaner.backoff.ms'),
    dedupeBufferSize: config.get('log.cleaner.dedupe.buffer.size'),
    loadFactor: config.get('log.cleaner.io.buffer.load.factor'),
    ioBufferSize: config.get('log.cleaner.io.buffer.size'),
    maxBytesPerSecond: config.get('log.cleaner.io.max.bytes.per.second'),
  };
}
