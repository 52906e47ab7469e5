import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runCommand } from '../frame/command.ts';
import type { Suite } from '../frame/suite.ts';
import { resultsOf } from './node-test-events.ts';
import { NODE, platformaticSource, REPOSITORY_FOLDER } from './source.ts';

const FILE_TIMEOUT_MS = 600_000;

/** What its helpers offer to reach a broker without SASL with. */
const REACHES_A_BROKER =
  /\b(create(Base|Admin|Consumer|Producer|Topic)\(|kafka(Single)?BootstrapServers|setupBackpressureTest)/;

/**
 * The tests of @platformatic/kafka that touch a broker, over PLAINTEXT. Its repository has one broker beside a cluster
 * of three; here the cluster is both.
 */
export const platformatic: Suite = {
  name: 'platformatic',
  source: platformaticSource,
  broker: {
    brokers: 3,
    port: 9011, // some tests reckon with it
    host: 'localhost',
    settings: { 'transaction.partition.verification.enable': 'false' },
  },
  async run(run) {
    const repository = join(run.suiteFolder, REPOSITORY_FOLDER);
    for (const file of (await liveTests(repository)).filter((name) => run.wants(name))) {
      const log = file.replaceAll('/', '_');
      const eventsFile = join(run.scratch, `${log}.events`);
      const { isTimedOut, seconds } = await runCommand({
        command: join(run.suiteFolder, NODE),
        args: [
          ...['--test', `--test-reporter=${resolve('test/suites/platformatic/reporter.ts')}`],
          ...[`--test-reporter-destination=${eventsFile}`, file],
        ],
        cwd: repository,
        env: { ...process.env, KAFKA_VERSION: '8.1.0', TEST_BROKERS: run.bootstrapServers },
        outputFile: join(run.scratch, `${log}.log`),
        timeoutMs: run.testTimeoutMs ?? FILE_TIMEOUT_MS,
      });
      const events = await readFile(eventsFile, 'utf8').catch(() => '');
      for (const result of resultsOf(file, { events, isTimedOut, seconds })) run.report(result);
    }
  },
};

/** Files of its tests that touch a broker, relative to its repository. */
async function liveTests(repository: string): Promise<string[]> {
  const all = await readdir(join(repository, 'test'), { recursive: true });
  const live: string[] = [];
  for (const name of all.filter((file) => file.endsWith('.test.ts')).sort()) {
    const file = join('test', name);
    if (REACHES_A_BROKER.test(await readFile(join(repository, file), 'utf8'))) live.push(file);
  }
  return live;
}
