import { afterEach, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createTopic, produceValues } from '../../support/requests.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { Filling } from '../support/filling.ts';
import { until } from '../support/kafkajs-client.ts';
import { SharedFolder } from '../support/shared-folder.ts';
import { differences, takeStock } from '../support/stock.ts';
import { describeFolder } from '../support/suite.ts';
import type { ToolName } from '../support/tool-runner.ts';
import { ask, toolsTell, type Question } from '../support/tools-tell.ts';
import { TransactionalProducer } from '../support/transactions.ts';

const authorizer = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
};

describeFolder('a folder that Apache Kafka made', () => {
  let shared: SharedFolder;
  afterEach(async () => shared.close());

  const tool = (name: ToolName, line: string) => ask(shared.bootstrapServers, [name, line]);

  /** What Apache keeps that Odradek does not use. */
  async function setAside(): Promise<void> {
    await Promise.all([
      tool('kafka-acls', '--add --allow-principal User:alice --operation Read --topic codecs'),
      tool(
        'kafka-acls',
        '--add --deny-principal User:bob --operation All --topic a --resource-pattern-type prefixed',
      ),
      tool(
        'kafka-configs',
        '--alter --entity-type users --entity-name bob --add-config SCRAM-SHA-512=[iterations=4096,password=x]',
      ),
      tool(
        'kafka-configs',
        '--alter --entity-type users --entity-name alice --entity-type clients --entity-name app --add-config producer_byte_rate=1048576,request_percentage=50',
      ),
      tool(
        'kafka-configs',
        '--alter --entity-type users --entity-default --add-config consumer_byte_rate=1048576000',
      ),
      tool(
        'kafka-configs',
        '--alter --entity-type ips --entity-name 127.0.0.9 --add-config connection_creation_rate=7',
      ),
      tool(
        'kafka-configs',
        '--alter --entity-type client-metrics --entity-name m --add-config interval.ms=60000,metrics=org.apache.kafka',
      ),
      tool(
        'kafka-configs',
        '--alter --entity-type groups --entity-name modern --add-config consumer.session.timeout.ms=50000',
      ),
    ]);
    await tool(
      'kafka-console-consumer',
      '--topic codecs --from-beginning --max-messages 5 --group modern --command-property group.protocol=consumer',
    );
    await tool(
      'kafka-configs',
      '--alter --entity-type groups --entity-name sharers --add-config share.auto.offset.reset=earliest',
    );
    await tool('kafka-console-share-consumer', '--topic rolled --max-messages 2 --group sharers');
  }

  const questions: readonly Question[] = [
    ['kafka-acls', '--list'],
    ['kafka-configs', '--describe --entity-type users'],
    ['kafka-configs', '--describe --entity-type users --entity-type clients'],
    ['kafka-configs', '--describe --entity-type ips'],
    ['kafka-configs', '--describe --entity-type client-metrics'],
    ['kafka-configs', '--describe --entity-type groups'],
    ['kafka-groups', '--list'],
    ['kafka-consumer-groups', '--describe --group modern'],
    ['kafka-features', 'describe'],
  ];

  /** Less the ends of the logs, which move on. */
  async function answers(): Promise<string[]> {
    const told = await toolsTell(shared.bootstrapServers, questions);
    return told.map((line) =>
      line.startsWith('modern ') ? line.split(/\s+/).slice(0, 4).join(' ') : line,
    );
  }

  async function transact(client: RawClient): Promise<TransactionalProducer> {
    await createTopic(client, 'paid', { 'segment.ms': '1' });
    await createTopic(client, 'pending');
    const producer = await TransactionalProducer.begin(client, 'till');
    for (const [n, committed] of [true, false, true, false].entries()) {
      await producer.write(client, 'paid', [`a${n}`, `b${n}`]);
      await producer.commitOffset(client, 'exact', 'paid', n);
      if (n === 1) await produceValues(client, ['beside it'], { topic: 'paid' });
      await producer.end(client, committed);
    }
    const slow = await TransactionalProducer.begin(client, 'slow');
    await produceValues(client, ['before'], { topic: 'pending' });
    await slow.write(client, 'pending', ['perhaps']);
    await produceValues(client, ['behind'], { topic: 'pending' });
    return slow;
  }

  const snapshots = (): string[] =>
    readdirSync(join(shared.data, '__cluster_metadata-0')).filter((name) =>
      name.endsWith('.checkpoint'),
    );

  test('with a dynamic quorum and all that Odradek does not use goes to Odradek and back', async () => {
    const filling = new Filling();
    const groups = [...filling.groups, 'modern', 'exact'];
    shared = await SharedFolder.create('dynamic', {
      ...authorizer,
      'metadata.log.max.record.bytes.between.snapshots': '3000',
    });
    const { bootstrapServers } = shared;
    await shared.format(
      '--standalone',
      '--add-scram',
      'SCRAM-SHA-256=[name=alice,password=secret]',
    );
    await shared.start('apache');
    const slow = await filling.on(bootstrapServers, async (client) => {
      await filling.begin(client);
      return transact(client);
    });
    await setAside();
    const told = await answers();
    let before = await takeStock(bootstrapServers, groups);
    expect(Object.keys(before.groups['modern']!)).toEqual(['codecs-0', 'codecs-1']);
    expect(before.groups['exact']).toEqual({ 'paid-0': '2 of epoch 0: till' });
    expect(before.partitions['pending-0']!.committed.lastStableOffset).toBe(1);
    expect(before.partitions['paid-0']!.committed.aborted).toHaveLength(2);
    await shared.untilStartIsNoted('cut', filling.cutAt);
    await shared.stop('SIGKILL');

    await shared.start('odradek');
    expect(differences(await takeStock(bootstrapServers, groups), before)).toEqual([]);
    const taken = new Set(snapshots());
    await filling.on(bootstrapServers, async (client) => {
      await filling.goOn(client);
      for (let n = 0; snapshots().every((name) => taken.has(name)); n++) {
        await createTopic(client, `many-${n}`, {}, 5);
      }
    });
    before = await takeStock(bootstrapServers, groups);
    await shared.stop();

    await shared.start('apache');
    expect(differences(await takeStock(bootstrapServers, groups), before)).toEqual([]);
    expect(await answers()).toEqual(told);
    await filling.on(bootstrapServers, async (client) => {
      await slow.end(client, true);
      await until('the last transaction is over', async () => {
        const { partitions } = await takeStock(bootstrapServers, []);
        return partitions['pending-0']!.committed.lastStableOffset === 4;
      });
      await filling.goOn(client);
    });
    before = await takeStock(bootstrapServers, groups);
    await shared.stop();
    expect(await shared.complaints()).toEqual([]);

    await shared.start('odradek');
    expect(differences(await takeStock(bootstrapServers, groups), before)).toEqual([]);
    await shared.stop();
  }, 240_000);

  test.each([
    ['4.0', 'static', 1],
    ['4.2', 'dynamic', 2],
  ] as const)(
    'in the format of release %s, with a %s quorum and %d log.dirs, stays one',
    async (release, quorum, logDirectories) => {
      shared = await SharedFolder.create(quorum, {}, logDirectories);
      const { bootstrapServers } = shared;
      const standalone = quorum === 'dynamic' ? ['--standalone'] : [];
      await shared.format('--release-version', release, ...standalone);
      const filling = new Filling();
      await shared.start('odradek');
      await filling.on(bootstrapServers, (client) => filling.begin(client));
      const before = await takeStock(bootstrapServers, filling.groups);
      await shared.stop();
      await shared.start('apache');
      expect(differences(await takeStock(bootstrapServers, filling.groups), before)).toEqual([]);
      expect((await tool('kafka-features', 'describe')).join('\n')).toMatch(
        new RegExp(`metadata.version .*FinalizedVersionLevel: ${release}`),
      );
      await filling.on(bootstrapServers, (client) => filling.goOn(client));
      await shared.stop();
      expect(await shared.complaints()).toEqual([]);
    },
    120_000,
  );
});
