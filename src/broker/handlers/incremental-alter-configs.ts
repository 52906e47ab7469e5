import type { LeveledLogger } from '../../host/leveled-logger.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { decideIncrementalChange, requireChanges } from '../config/alter.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import { alterLoggers } from '../config/broker-loggers.ts';
import { changeConfigs, told } from '../config/change-configs.ts';
import { resourceTypeOf } from '../config/resource-types.ts';
import { defineHandler } from '../handler.ts';

export interface IncrementalAlterConfigsParts {
  readonly catalog: Catalog;
  readonly config: BrokerConfig;
  readonly logger: LeveledLogger;
}

/** IncrementalAlterConfigs (key 44): single values are set, deleted, appended to or subtracted from. */
export const incrementalAlterConfigsHandler = ({
  catalog,
  config,
  logger,
}: IncrementalAlterConfigsParts) =>
  defineHandler(incrementalAlterConfigs, {
    async answer({ resources, validateOnly }) {
      const responses = await changeConfigs(
        catalog,
        resources,
        validateOnly,
        (image, { resourceType, resourceName, configs }) => {
          const type = resourceTypeOf(resourceType);
          if (type === undefined) {
            throw new KafkaError('INVALID_REQUEST', `Unknown resource type ${resourceType}`);
          }
          if (type !== 'BROKER_LOGGER') {
            const resource = { type, name: resourceName };
            return decideIncrementalChange(image, resource, configs, config.follow(image));
          }
          requireChanges(configs);
          alterLoggers(resourceName, configs, config.nodeId, logger, validateOnly);
          return [];
        },
      );
      return { throttleTimeMs: 0, responses };
    },
    refuse: (errorCode, message, { resources }) => ({
      throttleTimeMs: 0,
      responses: resources.map((resource) => told(resource, errorCode, message)),
    }),
  });
