import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import type { Catalog, Change } from '../catalog/catalog.ts';
import type { MetadataImage } from '../catalog/image.ts';
import type { MetadataRecord } from '../catalog/metadata-record.ts';

/** A resource as both requests that change configurations name it. */
export interface NamedResource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** What became of a change, as both responses tell it. */
export interface ChangeResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
}

/**
 * Changes the configuration of several resources at once; each succeeds or fails by itself.
 *
 * @param decide        the records of one resource; throws what it refuses
 * @param validateOnly  check everything, change nothing
 */
export async function changeConfigs<R extends NamedResource>(
  catalog: Catalog,
  resources: readonly R[],
  validateOnly: boolean,
  decide: (image: MetadataImage, resource: R) => readonly MetadataRecord[],
): Promise<ChangeResult[]> {
  const repeated = repeatedOf(resources);
  const change = (image: MetadataImage): Change<ChangeResult[]> => {
    const records: MetadataRecord[] = [];
    const result = resources.map((resource) => {
      try {
        if (repeated.has(idOf(resource))) {
          throw new KafkaError('INVALID_REQUEST', 'Each resource must appear at most once.');
        }
        for (const record of decide(image, resource)) records.push(record);
        return told(resource, errorCodes.NONE, null);
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error;
        return told(resource, errorCodes[error.code], error.message);
      }
    });
    return { records: validateOnly ? [] : records, result };
  };
  return validateOnly ? change(catalog.image).result : catalog.transact(change);
}

export const told = (
  { resourceType, resourceName }: NamedResource,
  errorCode: number,
  errorMessage: string | null,
): ChangeResult => ({ errorCode, errorMessage, resourceType, resourceName });

/** Resources that are named more than once. */
function repeatedOf(resources: readonly NamedResource[]): ReadonlySet<string> {
  const [seen, repeated] = [new Set<string>(), new Set<string>()];
  for (const resource of resources) {
    const id = idOf(resource);
    if (seen.has(id)) repeated.add(id);
    seen.add(id);
  }
  return repeated;
}

const idOf = ({ resourceType, resourceName }: NamedResource): string =>
  `${resourceType} ${resourceName}`;
