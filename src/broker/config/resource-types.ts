import { configResourceIds } from '../catalog/metadata-record.ts';
import type { ConfigResourceType } from '../catalog/image.ts';

/** Kafka's id of a broker's loggers, whose levels are not stored. */
const brokerLoggerId = 8;

/** Ids of all resources that have a configuration. */
export const resourceIds = { ...configResourceIds, BROKER_LOGGER: brokerLoggerId } as const;

const typesById = new Map(
  Object.entries(resourceIds).map(([type, id]) => [
    id as number,
    type as ConfigResourceType | 'BROKER_LOGGER',
  ]),
);

/** The type with an id; undefined when there is none. */
export const resourceTypeOf = (id: number): ConfigResourceType | 'BROKER_LOGGER' | undefined =>
  typesById.get(id);
