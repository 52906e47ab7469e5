import { KafkaError } from '../../protocol/kafka-error.ts';
import { listConfigResources } from '../../protocol/messages/list-config-resources.ts';
import { isActive, type ConfigResourceType, type MetadataImage } from '../catalog/image.ts';
import { resourceIds } from '../config/resource-types.ts';
import { defineHandler } from '../handler.ts';

type ResourceType = keyof typeof resourceIds;

/** In the order of Kafka's answer. */
const allTypes = [
  'GROUP',
  'CLIENT_METRICS',
  'BROKER_LOGGER',
  'BROKER',
  'TOPIC',
] as const satisfies readonly ResourceType[];

/** ListConfigResources (key 74): the names of all that can be configured. */
export const listConfigResourcesHandler = () =>
  defineHandler(listConfigResources, {
    answer({ resourceTypes }, { apiVersion, image, listener }) {
      const supported: readonly ResourceType[] = apiVersion === 0 ? ['CLIENT_METRICS'] : allTypes;
      const supportedIds: readonly number[] = supported.map((type) => resourceIds[type]);
      if (resourceTypes.some((id) => !supportedIds.includes(id))) {
        throw new KafkaError('UNSUPPORTED_VERSION', 'a type that this version does not list');
      }
      const wanted = supported.filter(
        (type) => resourceTypes.length === 0 || resourceTypes.includes(resourceIds[type]),
      );
      const configResources = wanted.flatMap((type) =>
        namesOf(type, image, listener).map((resourceName) => ({
          resourceName,
          resourceType: resourceIds[type],
        })),
      );
      return { throttleTimeMs: 0, errorCode: 0, configResources };
    },
    refuse: (errorCode) => ({ throttleTimeMs: 0, errorCode, configResources: [] }),
  });

function namesOf(type: ResourceType, image: MetadataImage, listener: string): string[] {
  switch (type) {
    case 'GROUP':
    case 'CLIENT_METRICS':
      return configuredNames(type, image);
    case 'BROKER':
    case 'BROKER_LOGGER':
      return [...image.brokers.values()]
        .filter((broker) => isActive(broker))
        .filter(({ endpoints }) => endpoints.some((endpoint) => endpoint.listener === listener))
        .map(({ id }) => String(id));
    case 'TOPIC':
      return [...image.topics.keys()];
  }
}

/** Names that have any setting of their own: groups and subscriptions exist here by that alone. */
function configuredNames(type: ConfigResourceType, image: MetadataImage): string[] {
  const prefix = `${type}:`;
  return [...image.configs.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
}
