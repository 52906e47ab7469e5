import type { MetadataRecord } from './metadata-record.ts';
import { configChanged, featureFinalized } from './metadata-record.ts';
import type { SupportedFeature } from './image.ts';

/** Kafka's number for the metadata records of release 4.3 (4.3-IV0). */
export const metadataVersion = 30;
const oldestMetadataVersion = 7;

/** What a broker says of itself when it registers. Only what is served is supported above 0. */
export const supportedFeatures: readonly SupportedFeature[] = [
  {
    name: 'metadata.version',
    minSupportedVersion: oldestMetadataVersion,
    maxSupportedVersion: metadataVersion,
  },
];

export interface BootstrapOptions {
  /**
   * `min.insync.replicas` of the first start. Kafka 4.3 keeps it as the cluster's default from then
   * on, which is why its tools show it for every topic.
   */
  readonly minInsyncReplicas?: number;
}

/** What `kafka-storage format` leaves in `bootstrap.checkpoint`. */
export const formatRecords = (): MetadataRecord[] => [
  featureFinalized('metadata.version', metadataVersion),
];

/** The first records of a new catalog. */
export const bootstrapRecords = (options: BootstrapOptions): MetadataRecord[] => [
  ...formatRecords(),
  ...startRecords(options),
];

/** What the first start adds to the formatted records. */
export const startRecords = ({ minInsyncReplicas = 1 }: BootstrapOptions): MetadataRecord[] => [
  configChanged('BROKER', '', 'min.insync.replicas', String(minInsyncReplicas)),
];
