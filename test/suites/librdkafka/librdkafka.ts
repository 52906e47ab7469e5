import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { APACHE_KAFKA_VERSION } from '../../../scripts/apache-kafka/jars.ts';
import { runCommand, type CommandResult } from '../frame/command.ts';
import type { Suite, SuiteRun, Verdict } from '../frame/suite.ts';
import { KAFKA_FOLDER, librdkafkaSource, TESTS_FOLDER } from './source.ts';
import { numbersOf, readTestTable } from './test-table.ts';

/** The cluster that librdkafka's own `scenarios/*.json` describe. */
const clusterSettings = {
  'num.partitions': '4',
  'default.replication.factor': '3',
};

/**
 * librdkafka's own tests in quick mode, each number in a process of its own.
 *
 * Quick mode leaves nothing of some tests, which then pass whatever the broker does; those run in full.
 */
export const librdkafka: Suite = {
  name: 'librdkafka',
  source: librdkafkaSource,
  broker: { brokers: 3, settings: { ...clusterSettings, 'auto.create.topics.enable': 'true' } },
  run: async (run) => runScenario(run, 'default'),
};

/** Those of its tests that want a cluster without automatic creation of topics. */
export const librdkafkaNoAutoCreate: Suite = {
  name: 'librdkafka-noautocreate',
  source: librdkafkaSource,
  broker: { brokers: 3, settings: { ...clusterSettings, 'auto.create.topics.enable': 'false' } },
  run: async (run) => runScenario(run, 'noautocreate'),
};

/** Numbers of which quick mode leaves nothing: with it they pass in no time and without a broker. */
const emptyInQuickMode = new Set<string>([]);

const QUICK_TIMEOUT_MS = 300_000;
const FULL_TIMEOUT_MS = 600_000;

async function runScenario(run: SuiteRun, scenario: string): Promise<void> {
  const tests = join(run.suiteFolder, TESTS_FOLDER);
  const table = readTestTable(await readFile(join(tests, 'test.c'), 'utf8'));
  const configuration = join(run.scratch, 'test.conf');
  await writeFile(
    configuration,
    [
      `bootstrap.servers=${run.bootstrapServers}`,
      'broker.address.family=v4',
      'test.topic.random=true',
      'test.timeout.multiplier=2',
      '',
    ].join('\n'),
  );
  for (const number of numbersOf(scenario, table)) {
    if (!run.wants(number)) continue;
    const isQuick = !emptyInQuickMode.has(number);
    const result = await runCommand({
      command: './test-runner',
      args: ['-p1', '-L', '-E', ...(isQuick ? ['-Q'] : []), '-s', scenario],
      cwd: tests,
      env: {
        ...process.env,
        TESTS: number,
        TEST_KAFKA_VERSION: APACHE_KAFKA_VERSION,
        RDKAFKA_TEST_CONF: configuration,
        KAFKA_PATH: join(run.suiteFolder, KAFKA_FOLDER),
        BROKERS: run.bootstrapServers,
        LD_LIBRARY_PATH: ['../src', '../src-cpp'].map((folder) => join(tests, folder)).join(':'),
      },
      outputFile: join(run.scratch, `${number}.log`),
      timeoutMs: isQuick ? QUICK_TIMEOUT_MS : FULL_TIMEOUT_MS,
    });
    run.report({ test: number, seconds: result.seconds, ...outcomeOf(result) });
  }
}

/** A test that skips itself ends with 0, and says so only in its output. */
export function outcomeOf(result: Pick<CommandResult, 'code' | 'isTimedOut' | 'output'>): {
  verdict: Verdict;
  note: string;
} {
  // eslint-disable-next-line no-control-regex -- colours of a terminal
  const output = result.output.replaceAll(/\x1b\[[0-9;]*m/g, '');
  if (result.isTimedOut) return { verdict: 'fail', note: 'timed out' };
  if (result.code !== 0) {
    const words = /### Test "[^"]*" failed at [^#]*?####\n([^\n]*(?:\n[^\n]*)?)/.exec(output)?.[1];
    const end = `ended with ${result.code ?? 'a signal'}`;
    return { verdict: 'fail', note: (words ?? end).slice(0, 200) };
  }
  const skipped = /SKIPPING TEST: ([^\n]*)/.exec(output)?.[1];
  return skipped === undefined
    ? { verdict: 'pass', note: '' }
    : { verdict: 'skip', note: skipped.slice(0, 200) };
}
