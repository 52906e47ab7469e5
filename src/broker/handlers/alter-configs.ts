import { KafkaError } from '../../protocol/kafka-error.ts';
import { alterConfigs } from '../../protocol/messages/alter-configs.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { decideReplacement } from '../config/alter.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import { changeConfigs, told } from '../config/change-configs.ts';
import { resourceTypeOf } from '../config/resource-types.ts';
import { defineHandler } from '../handler.ts';

export interface AlterConfigsParts {
  readonly catalog: Catalog;
  readonly config: BrokerConfig;
}

/** AlterConfigs (key 33): the whole dynamic configuration of a resource is replaced. */
export const alterConfigsHandler = ({ catalog, config }: AlterConfigsParts) =>
  defineHandler(alterConfigs, {
    async answer({ resources, validateOnly }) {
      const responses = await changeConfigs(
        catalog,
        resources,
        validateOnly,
        (image, { resourceType, resourceName, configs }) => {
          const type = resourceTypeOf(resourceType);
          // Loggers can only be changed one by one.
          if (type === undefined || type === 'BROKER_LOGGER') {
            throw new KafkaError('INVALID_REQUEST', `Unknown resource type ${resourceType}`);
          }
          const resource = { type, name: resourceName };
          return decideReplacement(image, resource, configs, config.follow(image));
        },
      );
      return { throttleTimeMs: 0, responses };
    },
    refuse: (errorCode, message, { resources }) => ({
      throttleTimeMs: 0,
      responses: resources.map((resource) => told(resource, errorCode, message)),
    }),
  });
