import type { SupportedFeature } from './image.ts';
import {
  knownFeatures,
  metadataVersion,
  oldestMetadataVersion,
  transactionFeature,
} from './feature-levels.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { configChanged, featureFinalized } from './metadata-record.ts';

/** What a broker says of itself when it registers. Only what is served is supported above 0. */
export const supportedFeatures: readonly SupportedFeature[] = [
  {
    name: 'metadata.version',
    minSupportedVersion: oldestMetadataVersion,
    maxSupportedVersion: metadataVersion,
  },
  { name: transactionFeature, minSupportedVersion: 0, maxSupportedVersion: 2 },
];

export interface BootstrapOptions {
  /** `min.insync.replicas` of the first start. */
  readonly minInsyncReplicas?: number;
}

/**
 * What `kafka-storage format` of Kafka 4.3 leaves in `bootstrap.checkpoint`: its features, also those
 * that are not served here, so that Kafka finds in the folder what it would have put there.
 */
export const formatRecords = (): MetadataRecord[] =>
  [...knownFeatures].map(([name, level]) => featureFinalized(name, level));

/** The first records of a new catalog. */
export const bootstrapRecords = (options: BootstrapOptions): MetadataRecord[] =>
  withFirstStart(formatRecords(), options);

/**
 * Adds what the first start writes. With eligible leader replicas (KIP-966) Kafka keeps
 * `min.insync.replicas` as the cluster's default from then on, which is why its tools show it for
 * every topic.
 */
export function withFirstStart(
  formatted: readonly MetadataRecord[],
  { minInsyncReplicas = 1 }: BootstrapOptions,
): MetadataRecord[] {
  const keepsDefault = formatted.some(
    ({ type, data }) =>
      type === 'FeatureLevelRecord' &&
      data.name === 'eligible.leader.replicas.version' &&
      data.featureLevel > 0,
  );
  const value = String(minInsyncReplicas);
  return keepsDefault
    ? [...formatted, configChanged('BROKER', '', 'min.insync.replicas', value)]
    : [...formatted];
}
