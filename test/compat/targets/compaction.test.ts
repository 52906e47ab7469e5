import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { newDataFolder, startTarget } from '../support/brokers.ts';
import { describeFiles, targetName, toolRunner } from '../support/suite.ts';

const run = promisify(execFile);
const messages = Number(process.env['COMPACTION_MESSAGES'] ?? 100_000);
const duplicates = 10;

describeFiles('LogCompactionTester', () => {
  test('finds the latest value of every key, and less than was written', async () => {
    const broker = await startTarget(targetName, {
      settings: { 'log.segment.bytes': '1048576', 'log.cleaner.backoff.ms': '100' },
    });
    const folder = await newDataFolder('odradek'); // its own files: what it wrote and what it read
    try {
      const { stdout } = await run('java', [
        ...[
          '-Xmx256m',
          '-XX:+UseSerialGC',
          '-XX:TieredStopAtLevel=1',
          `-Djava.io.tmpdir=${folder}`,
        ],
        ...['-cp', `${toolRunner().libs}/*`, 'org.apache.kafka.tools.LogCompactionTester'],
        ...['--bootstrap-server', broker.bootstrapServers, '--sleep', '2'],
        ...['--messages', String(messages), '--duplicates', String(duplicates)],
        ...['--percent-deletes', '10'],
      ]);
      expect(stdout).toMatch(/Validated \d+ values, 0 mismatches/);
      const [, consumed] = /(\d+) rows of data consumed/.exec(stdout) ?? [];
      expect(Number(consumed)).toBeLessThan(0.9 * messages);
    } finally {
      await broker.close();
      await rm(folder, { recursive: true });
    }
  }, 600_000);
});
