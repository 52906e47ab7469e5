import { supportedFeatures } from './bootstrap.ts';
import type { Change } from './catalog.ts';
import { metadataVersionOf } from './feature-levels.ts';
import type { MetadataImage } from './image.ts';
import { featureFinalized } from './metadata-record.ts';

/** One feature of an UpdateFeatures request. */
export interface FeatureUpdate {
  readonly feature: string;
  readonly level: number;
  /** Kafka's number: 1 upgrade, 2 safe downgrade, 3 unsafe downgrade. */
  readonly upgradeType: number;
}

const metadataFeature = 'metadata.version';
const upgrade = 1;
const lastUpgradeType = 3;

/**
 * Features go up or down, all of them or none.
 *
 * @param controllerId  named in refusals, as Kafka does
 * @returns why not, in Kafka's words; undefined when it is done, or would be
 */
export function decideFeatures(
  image: MetadataImage,
  updates: readonly FeatureUpdate[],
  { validateOnly, controllerId }: { readonly validateOnly: boolean; readonly controllerId: number },
): Change<string | undefined> {
  // Of a feature that is named twice the last one counts.
  const wanted = [...new Map(updates.map((update) => [update.feature, update])).values()];
  for (const update of wanted) {
    const refusal = refusalOf(image, update, controllerId);
    if (refusal !== undefined) return { records: [], result: refusal };
  }
  const records = wanted.map(({ feature, level }) => featureFinalized(feature, level));
  return { records: validateOnly ? [] : records, result: undefined };
}

function refusalOf(
  image: MetadataImage,
  { feature, level, upgradeType }: FeatureUpdate,
  controllerId: number,
): string | undefined {
  const invalid = (words: string) =>
    `Invalid update version ${level} for feature ${feature}. ${words}`;
  if (upgradeType < upgrade || upgradeType > lastUpgradeType) {
    return invalid('The controller does not support the given upgrade type.');
  }
  if (level < 0) return invalid('A feature version cannot be less than 0.');
  const unsupported = reasonNotSupported(image, feature, level, controllerId);
  if (unsupported !== undefined) return invalid(unsupported);
  const isMetadata = feature === metadataFeature;
  const current = isMetadata ? metadataVersionOf(image) : (image.features.get(feature) ?? 0);
  if (level < current && upgradeType === upgrade) {
    return invalid(
      "Can't downgrade the version of this feature without setting the " +
        'upgrade type to either safe or unsafe downgrade.',
    );
  }
  if (level > current && upgradeType !== upgrade) {
    return invalid("Can't downgrade to a newer version.");
  }
  if (isMetadata && level < current) {
    return (
      `Unsupported metadata.version downgrade from ${current} to ${level}. ` +
      'Refusing to perform the requested downgrade because it might delete metadata information.'
    );
  }
  return undefined;
}

/** What is not served here is neither raised nor lowered, though Kafka's folders may finalize it. */
function reasonNotSupported(
  image: MetadataImage,
  feature: string,
  level: number,
  controllerId: number,
): string | undefined {
  const supporters = [
    { who: `Local controller ${controllerId}`, features: supportedFeatures },
    ...[...image.brokers.values()].map(({ id, features = [] }) => ({
      who: `Broker ${id}`,
      features,
    })),
  ];
  for (const { who, features } of supporters) {
    const range = features.find(({ name }) => name === feature);
    if (range === undefined) return `${who} does not support this feature.`;
    const { minSupportedVersion: lowest, maxSupportedVersion: highest } = range;
    if (level >= lowest && level <= highest) continue;
    return `${who} only supports versions ${lowest}-${highest}`;
  }
  return undefined;
}
