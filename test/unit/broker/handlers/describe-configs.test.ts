import { expect, it, test } from '@jest/globals';
import { BrokerConfig } from '../../../../src/broker/config/broker-config.ts';
import { topicKeys } from '../../../../src/broker/config/keys/topic-keys.ts';
import { describeConfigsHandler } from '../../../../src/broker/handlers/describe-configs.ts';
import { LeveledLogger } from '../../../../src/host/leveled-logger.ts';
import { silentLogger } from '../../../../src/host/logger.ts';
import { describeConfigs } from '../../../../src/protocol/messages/describe-configs.ts';
import {
  createTopic,
  exchange,
  startedCluster,
  versionsOf,
} from '../../../support/test-cluster.ts';

// What Kafka itself answers is replayed in config-scenarios.test.ts; here is what that leaves out.

const topicId = 2;
const brokerId = 4;

async function describeOne(
  version: number,
  resourceType: number,
  resourceName: string,
  configurationKeys: readonly string[] | null,
  { properties = {}, includeDocumentation = false } = {},
) {
  const catalog = await startedCluster(1);
  await createTopic(catalog, 'orders');
  const config = new BrokerConfig({ properties });
  const handler = describeConfigsHandler({
    config,
    logger: new LeveledLogger(silentLogger, 'info'),
  });
  const resources = [{ resourceType, resourceName, configurationKeys }];
  // Versions without the field may not be asked for it.
  const asked = version < 3 ? {} : { includeDocumentation };
  const request = { resources, includeSynonyms: true, ...asked };
  return (await exchange(handler, catalog, version, request)).results[0]!;
}

test.each(versionsOf(describeConfigs))('version %i tells all it can (row 39)', async (version) => {
  const { configs } = await describeOne(version, topicId, 'orders', ['retention.ms']);
  expect(configs).toEqual([
    {
      name: 'retention.ms',
      value: '604800000',
      readOnly: false,
      configSource: 5,
      isSensitive: false,
      synonyms: [],
      configType: version < 3 ? 0 : 5,
      documentation: version < 3 ? '' : null,
    },
  ]);
});

it('tells our own documentation when asked (row 39)', async () => {
  const { configs } = await describeOne(4, topicId, 'orders', null, { includeDocumentation: true });
  expect(configs.map(({ name, documentation }) => [name, documentation])).toEqual(
    Object.entries(topicKeys)
      .filter(([, key]) => !key.internal)
      .map(([name, key]) => [name, key.documentation])
      .sort(([a], [b]) => (a! < b! ? -1 : 1)),
  );
});

it('never tells a secret, nor the value of a key that it does not know (row 39)', async () => {
  const properties = {
    'ssl.key.password': 'hush-7',
    'listener.name.in.ssl.key.password': 'hush-7',
    'of.my.own': 'hush-7',
  };
  const { configs } = await describeOne(4, brokerId, '1', null, { properties });
  const told = configs.filter(({ isSensitive }) => isSensitive);
  expect(told.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(properties)));
  expect(JSON.stringify(configs)).not.toContain('hush-7');
});
