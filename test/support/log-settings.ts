import type { LogSettings, PartitionRef } from '../../src/storage/partition-log.ts';

/** Kafka's defaults, without limits on the age of timestamps. */
export function logSettings(changes: Partial<LogSettings> = {}): LogSettings {
  return {
    segmentBytes: 1_073_741_824,
    segmentMs: 604_800_000,
    segmentJitterMs: 0,
    segmentIndexBytes: 10_485_760,
    indexIntervalBytes: 4096,
    retentionMs: 604_800_000,
    retentionBytes: -1,
    maxMessageBytes: 1_048_588,
    cleanupDelete: true,
    cleanupCompact: false,
    deleteRetentionMs: 86_400_000,
    minCompactionLagMs: 0,
    maxCompactionLagMs: 2 ** 63,
    minCleanableDirtyRatio: 0.5,
    compression: 'producer',
    compressionLevel: undefined,
    timestampType: 'CreateTime',
    timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    timestampAfterMaxMs: 3_600_000,
    fileDeleteDelayMs: 60_000,
    flushMessages: 2 ** 63,
    flushMs: 2 ** 63,
    producerIdExpirationMs: 86_400_000,
    ...changes,
  };
}

export function partitionRef(topicName = 'orders', partition = 0): PartitionRef {
  return { topicId: 'oiwwT0xKQ2e8YxHM2T0c7A', topicName, partition };
}
