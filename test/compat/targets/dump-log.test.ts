import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { CompressionTypes } from 'kafkajs';
import { startTarget } from '../support/brokers.ts';
import { builtOdradek } from '../support/built-odradek.ts';
import { dumpAll } from '../support/dump-log.ts';
import { consume, createTopic, kafkaClient } from '../support/kafkajs-client.ts';
import { addCodecs } from '../support/kafkajs-codecs.ts';
import { describeFiles, runTool, targetName, toolRunner, uniqueName } from '../support/suite.ts';

describeFiles('kafka-dump-log', () => {
  test('finds nothing wrong in any file of a data directory, nor does our check', async () => {
    await addCodecs();
    const broker = await startTarget(targetName, {
      settings: { 'log.index.interval.bytes': '200', 'log.segment.bytes': '1048576' },
    });
    const kafka = kafkaClient({ brokers: [broker.bootstrapServers] });
    const topic = await createTopic(uniqueName('dump'), 2, { 'retention.ms': '-1' }, kafka);
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    let count = 0;
    for (const compression of [
      CompressionTypes.None,
      CompressionTypes.GZIP,
      CompressionTypes.Snappy,
      CompressionTypes.LZ4,
      CompressionTypes.ZSTD,
    ]) {
      for (let round = 0; round < 20; round += 1) {
        const messages = Array.from({ length: 50 }, (_, i) => ({
          key: `${i}`,
          value: Buffer.alloc(2_000, count + i).toString('hex'),
          headers: { round: `${round}` },
        }));
        await producer.send({ topic, acks: -1, compression, messages });
        count += messages.length;
      }
    }
    await producer.disconnect();
    await consume(topic, count, uniqueName('dump'), kafka);
    const server = ['--bootstrap-server', broker.bootstrapServers];
    await runTool('kafka-configs', [
      ...[...server, '--alter', '--topic', topic, '--add-config', 'retention.bytes=-1'],
    ]);
    await createTopic(uniqueName('deleted'), 3, {}, kafka);
    // Once more after a restart, so that recovery, epochs and snapshots are there to be read.
    await broker.stop();
    await broker.start();
    await consume(topic, count, uniqueName('dump'), kafka);
    await broker.stop();

    const dumps = await dumpAll(toolRunner(), broker.dataFolders);
    const kinds = new Set(dumps.map(({ file }) => file.replace(/.*\./, '')));
    expect([...kinds].sort()).toEqual(expect.arrayContaining(['index', 'log', 'timeindex']));
    expect(dumps.filter(({ file }) => file.includes('__consumer_offsets'))).not.toHaveLength(0);
    expect(dumps.filter(({ file }) => file.includes('__cluster_metadata'))).not.toHaveLength(0);
    const wrong = dumps.filter(({ complaints }) => complaints.length > 0);
    expect(wrong.map(({ file, flags, complaints }) => ({ file, flags, complaints }))).toEqual([]);

    // Our own check must agree, on Apache's folder as on ours.
    for (const folder of broker.dataFolders) {
      const check = spawnSync(process.execPath, [builtOdradek, 'check', '--data', folder]);
      expect(check.stdout.toString()).toMatch(/^\d+ logs, .*, 0 errors, 0 notes\n$/);
      expect(check.status).toBe(0);
    }
    await broker.close();
  }, 300_000);
});
