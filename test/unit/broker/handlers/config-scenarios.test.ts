import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { configChanged } from '../../../../src/broker/catalog/metadata-record.ts';
import { TopicCreation } from '../../../../src/broker/catalog/topic-creation.ts';
import { BrokerConfig } from '../../../../src/broker/config/broker-config.ts';
import { parsePropertiesText } from '../../../../src/broker/config/properties-text.ts';
import {
  createdTopicConfigs,
  validateTopicConfigs,
} from '../../../../src/broker/config/topic-config.ts';
import type { Handler } from '../../../../src/broker/handler.ts';
import { alterConfigsHandler } from '../../../../src/broker/handlers/alter-configs.ts';
import { createTopicsHandler } from '../../../../src/broker/handlers/create-topics.ts';
import { describeConfigsHandler } from '../../../../src/broker/handlers/describe-configs.ts';
import { incrementalAlterConfigsHandler } from '../../../../src/broker/handlers/incremental-alter-configs.ts';
import { listConfigResourcesHandler } from '../../../../src/broker/handlers/list-config-resources.ts';
import { LeveledLogger } from '../../../../src/host/leveled-logger.ts';
import { silentLogger } from '../../../../src/host/logger.ts';
import { exchange, startedCluster, topicRules } from '../../../support/test-cluster.ts';

/**
 * Rows 31, 32, 37 to 41: a broker of Apache Kafka 4.3.1 was sent these requests, one after
 * the other (scripts/config); our handlers answer the same.
 */

interface Scenario {
  readonly about: string;
  readonly api: string;
  readonly version: number;
  readonly request: Record<string, unknown>;
  readonly response: Answer | null;
}

/** A response of any of the APIs, or a part of one. */
interface Answer {
  [field: string]: Answer | Answer[] | string | number | boolean | null;
}

const root = join(__dirname, '../../../..');
const scenarios = JSON.parse(
  readFileSync(join(root, 'test/data/config/scenarios.json'), 'utf8'),
) as Scenario[];
const properties = Object.fromEntries(
  parsePropertiesText(readFileSync(join(root, 'scripts/config/broker.properties'), 'utf8')),
);

/** Where we answer otherwise on purpose: what we say of each resource. */
const differences: Record<string, readonly [errorCode: number, errorMessage: string][]> = {
  // Kafka fails over its own answer and never sends one.
  'replace, duplicate resource': [
    [42, 'Each resource must appear at most once.'],
    [42, 'Each resource must appear at most once.'],
  ],
  // Kafka: UNKNOWN_SERVER_ERROR without a word.
  'unknown operation, topic': [[42, 'Unknown operations type 7']],
  // Kafka: INVALID_REQUEST with its general sentence.
  'a resource type that does not exist': [[42, 'Unexpected resource type 3']],
  'resource type 0': [[42, 'Unexpected resource type 0']],
};

/** Our own defaults, of which a synonym may tell: see the table's test. */
const ownDefaults = [
  'node.id',
  'broker.id',
  'process.roles',
  'controller.listener.names',
  'group.initial.rebalance.delay.ms',
  'listeners',
  'log.dir',
  'offsets.topic.replication.factor',
  'transaction.state.log.replication.factor',
  'transaction.state.log.min.isr',
  'share.coordinator.state.topic.replication.factor',
  'share.coordinator.state.topic.min.isr',
];

function handlersOf(catalog: Awaited<ReturnType<typeof startedCluster>>): Map<string, Handler> {
  const config = new BrokerConfig({ properties });
  const logger = new LeveledLogger(silentLogger, 'error');
  const creation = new TopicCreation(catalog, {
    ...topicRules({ validateConfigs: (texts) => validateTopicConfigs(texts, config) }),
    numberOf: config.numberOf,
  });
  const handlers: readonly Handler[] = [
    createTopicsHandler(creation, (image, texts) => createdTopicConfigs(image, texts, config)),
    describeConfigsHandler({ config, logger }),
    alterConfigsHandler({ catalog, config }),
    incrementalAlterConfigsHandler({ catalog, config, logger }),
    listConfigResourcesHandler(),
  ];
  return new Map(handlers.map((handler) => [handler.api.name, handler]));
}

// One broker for all: the requests build on each other.
const started = startedCluster(1).then(async (catalog) => {
  // That broker was formatted without eligible leader replicas, so it never kept this value.
  const forgotten = configChanged('BROKER', '', 'min.insync.replicas', null);
  await catalog.transact(() => ({ records: [forgotten], result: undefined }));
  return { catalog, handlers: handlersOf(catalog) };
});

test.each(scenarios.map((scenario) => [scenario.api, scenario.about, scenario] as const))(
  '%s: %s',
  async (_api, about, { api, version, request, response }) => {
    const { catalog, handlers } = await started;
    const handler = handlers.get(api)!;
    const answer = await exchange(handler, catalog, version, request as never);
    const ours = comparable(answer as Answer);
    const difference = Object.hasOwn(differences, about) ? differences[about] : undefined;
    if (difference === undefined) {
      expect(ours).toEqual(comparable(response!));
      return;
    }
    const told = [...partsOf(ours, 'responses'), ...partsOf(ours, 'results')];
    expect(told.map(({ errorCode, errorMessage }) => [errorCode, errorMessage])).toEqual(
      difference,
    );
    expect(ours).not.toEqual(response && comparable(response));
  },
);

/** Without ids that chance made, and sorted where Kafka's order is that of a hash table. */
function comparable(answer: Answer): Answer {
  const copy = JSON.parse(JSON.stringify(answer)) as Answer;
  for (const list of ['configs', 'configResources'] as const) {
    for (const holder of [copy, ...partsOf(copy, 'topics'), ...partsOf(copy, 'results')]) {
      if (Array.isArray(holder[list])) {
        holder[list] = holder[list].map(withoutOwnDefaults).sort(byText);
      }
    }
  }
  for (const topic of partsOf(copy, 'topics')) {
    delete topic['topicId'];
    delete topic['topicConfigErrorCode']; // Kafka's JSON leaves a tagged field out
  }
  for (const resource of partsOf(copy, 'configResources')) resource['resourceType'] ??= 16;
  return copy;
}

const partsOf = (answer: Answer, name: string): Answer[] =>
  Array.isArray(answer[name]) ? answer[name] : [];

const byText = (a: Answer, b: Answer): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function withoutOwnDefaults(config: Answer): Answer {
  if (config['configType'] === 0 && config['documentation'] === '') {
    delete config['configType']; // before version 3
    delete config['documentation'];
  }
  if (!ownDefaults.includes(config['name'] as string)) return config;
  const synonyms = partsOf(config, 'synonyms').filter((synonym) => synonym['source'] !== 5);
  const value = config['configSource'] === 5 ? 'ours' : config['value']!;
  return { ...config, synonyms, value };
}
