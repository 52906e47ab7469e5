import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { APACHE_KAFKA_VERSION } from '../../../scripts/apache-kafka/jars.ts';
import { repository, section, tableRows } from '../../support/readme.ts';

/** The version that a lock file pins a package to. */
function lockedVersion(lockFile: string, name: string): string | undefined {
  const text = readFileSync(join(repository, lockFile), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Record<string, { version?: string }> };
  return packages[`node_modules/${name}`]?.version;
}

it('README.md has the clients of the compatibility suite, in the versions that it runs', () => {
  const clients = 'test/compat/clients';
  const rows = tableRows(section('Use it')).map(([name, version]) => [name, version]);
  expect(rows).toEqual([
    ['`kafkajs`', lockedVersion('package-lock.json', 'kafkajs')],
    [
      '`@platformatic/kafka`',
      lockedVersion(`${clients}/platformatic/package-lock.json`, '@platformatic/kafka'),
    ],
    [
      '`@confluentinc/kafka-javascript`',
      lockedVersion(`${clients}/librdkafka/package-lock.json`, '@confluentinc/kafka-javascript'),
    ],
    ['Apache Kafka', APACHE_KAFKA_VERSION],
  ]);
});
