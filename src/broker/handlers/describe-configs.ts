import type { LeveledLogger } from '../../host/leveled-logger.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import {
  describeConfigs,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
} from '../../protocol/messages/describe-configs.ts';
import type { MetadataImage } from '../catalog/image.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import { describeLoggers } from '../config/broker-loggers.ts';
import {
  describeBroker,
  describeClientMetrics,
  describeClusterDefault,
  describeGroup,
  describeTopic,
  type DescribedConfig,
} from '../config/describe.ts';
import { resourceTypeOf } from '../config/resource-types.ts';
import { defineHandler } from '../handler.ts';

type Resource = DescribeConfigsRequest['resources'][number];
type Result = DescribeConfigsResponse['results'][number];

export interface DescribeConfigsParts {
  readonly config: BrokerConfig;
  readonly logger: LeveledLogger;
}

/** DescribeConfigs (key 32): what is in force, where it comes from, and what it would be otherwise. */
export const describeConfigsHandler = (parts: DescribeConfigsParts) =>
  defineHandler(describeConfigs, {
    answer({ resources, includeSynonyms, includeDocumentation }, { image }) {
      parts.config.follow(image);
      const shown = (entry: DescribedConfig): DescribedConfig => ({
        ...entry,
        synonyms: includeSynonyms ? entry.synonyms : [],
        documentation: includeDocumentation ? entry.documentation : nothingSaid(entry),
      });
      const results = resources.map((resource): Result => {
        const { resourceType, resourceName } = resource;
        try {
          const configs = describe(resource, image, parts).map(shown);
          return { errorCode: 0, errorMessage: '', resourceType, resourceName, configs };
        } catch (error) {
          if (!(error instanceof KafkaError)) throw error;
          return refused(resource, errorCodes[error.code], error.message);
        }
      });
      return { throttleTimeMs: 0, results };
    },
    refuse: (errorCode, message, { resources }) => ({
      throttleTimeMs: 0,
      results: resources.map((resource) => refused(resource, errorCode, message)),
    }),
  });

/** Loggers have no documentation to leave out. */
const nothingSaid = ({ documentation }: DescribedConfig): string | null =>
  documentation === '' ? '' : null;

function describe(
  { resourceType, resourceName, configurationKeys }: Resource,
  image: MetadataImage,
  { config, logger }: DescribeConfigsParts,
): DescribedConfig[] {
  // No list and an empty one both ask for everything.
  const keys = new Set(configurationKeys ?? []);
  const wanted = (name: string): boolean => keys.size === 0 || keys.has(name);
  const type = resourceTypeOf(resourceType);
  switch (type) {
    case 'TOPIC':
      return describeTopic(image, resourceName, config, wanted);
    case 'BROKER':
      if (resourceName === '') return describeClusterDefault(image, config, wanted);
      requireThisBroker(resourceName, config.nodeId);
      return describeBroker(config, wanted);
    case 'BROKER_LOGGER':
      return describeLoggers(resourceName, config.nodeId, logger, wanted);
    case 'CLIENT_METRICS':
      return describeClientMetrics(image, resourceName, wanted);
    case 'GROUP':
      return describeGroup(image, resourceName, config, wanted);
    case undefined:
      throw new KafkaError('INVALID_REQUEST', `Unexpected resource type ${resourceType}`);
  }
}

function requireThisBroker(name: string, nodeId: number): void {
  if (!/^[+-]?\d+$/.test(name)) {
    throw new KafkaError('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`);
  }
  if (Number(name) !== nodeId) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `Unexpected broker id, expected ${nodeId} or empty string, but received ${name}`,
    );
  }
}

const refused = (
  { resourceType, resourceName }: Resource,
  errorCode: number,
  errorMessage: string,
): Result => ({ errorCode, errorMessage, resourceType, resourceName, configs: [] });
