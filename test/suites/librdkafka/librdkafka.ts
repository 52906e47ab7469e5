import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { APACHE_KAFKA_VERSION } from '../../../scripts/apache-kafka/jars.ts';
import { runCommand } from '../frame/command.ts';
import type { Suite, SuiteRun, TestResult } from '../frame/suite.ts';
import { KAFKA_FOLDER, librdkafkaSource, TESTS_FOLDER } from './source.ts';
import { resultsOf, subtestResult } from './runner-output.ts';
import { entriesOf, readTestTable, subtestsOf } from './test-table.ts';

/** The cluster that librdkafka's own `scenarios/*.json` describe, less the authorizer that some tests want. */
const clusterSettings = {
  'num.partitions': '4',
  'default.replication.factor': '3',
  // Its 0102 takes it that two members which join at once are of one generation.
  'group.initial.rebalance.delay.ms': '100',
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
  run: async (run) => runScenario(run, 'default', (number) => !isOfShareGroups(number)),
};

/** Its tests of share groups (KIP-932), all in full: quick mode leaves nothing of them. */
export const librdkafkaShare: Suite = {
  name: 'librdkafka-share',
  source: librdkafkaSource,
  broker: { brokers: 3, settings: { ...clusterSettings, 'auto.create.topics.enable': 'true' } },
  run: async (run) => runScenario(run, 'default', isOfShareGroups),
};

/** Those of its tests that want a cluster without automatic creation of topics. */
export const librdkafkaNoAutoCreate: Suite = {
  name: 'librdkafka-noautocreate',
  source: librdkafkaSource,
  broker: { brokers: 3, settings: { ...clusterSettings, 'auto.create.topics.enable': 'false' } },
  run: async (run) => runScenario(run, 'noautocreate', () => true),
};

/** Numbers of which quick mode leaves nothing: with it they pass in no time, and without a broker. */
const EMPTY_IN_QUICK_MODE =
  '0018 0019 0026 0045 0050 0061 0082 0089 0102 0122 0127 0132 0150'.split(' ');
/** Numbers of which it leaves out the most. */
const LITTLE_IN_QUICK_MODE = '0077 0098 0113 0137'.split(' ');
const IN_FULL = new Set([...EMPTY_IN_QUICK_MODE, ...LITTLE_IN_QUICK_MODE]);

/** Numbers that hold so many things that each is run by itself, in full; with the source file that names them. */
const BY_SUBTEST: Readonly<Record<string, string>> = { '0081': '0081-admin.c' };

const isOfShareGroups = (number: string) => number >= '0170' && number <= '0189';

const TIMEOUT_MS = 900_000;

async function runScenario(
  run: SuiteRun,
  scenario: string,
  isMeant: (number: string) => boolean,
): Promise<void> {
  const tests = join(run.suiteFolder, TESTS_FOLDER);
  const table = readTestTable(await readFile(join(tests, 'test.c'), 'utf8'));
  const entries = entriesOf(scenario, table).filter(({ number }) => isMeant(number));
  const configuration = join(run.scratch, 'test.conf');
  await writeFile(configuration, configurationText(run.bootstrapServers));
  const runner = async (number: string, options: readonly string[], subtest?: string) =>
    runCommand({
      command: './test-runner',
      args: ['-p1', '-L', '-E', '-s', scenario, ...options],
      cwd: tests,
      env: {
        ...process.env,
        TESTS: number,
        ...(subtest !== undefined && { SUBTESTS: `${subtest}:` }),
        TEST_KAFKA_VERSION: APACHE_KAFKA_VERSION,
        RDKAFKA_TEST_CONF: configuration,
        KAFKA_PATH: join(run.suiteFolder, KAFKA_FOLDER),
        BROKERS: run.bootstrapServers,
        LD_LIBRARY_PATH: ['../src', '../src-cpp'].map((folder) => join(tests, folder)).join(':'),
      },
      outputFile: join(run.scratch, `${[number, ...(subtest ? [subtest] : [])].join('-')}.log`),
      timeoutMs: run.testTimeoutMs ?? TIMEOUT_MS,
    });

  const report = (result: TestResult) => {
    if (!run.wants(result.test)) return;
    const note = result.note.replaceAll(`${run.suiteFolder}/`, ''); // no machine's own paths
    run.report({ ...result, note });
  };
  for (const number of new Set(entries.map((entry) => entry.number))) {
    const names = entries.filter((entry) => entry.number === number).map(({ name }) => name);
    const [name = ''] = names;
    const source = BY_SUBTEST[number];
    if (source !== undefined) {
      for (const subtest of subtestsOf(await readFile(join(tests, source), 'utf8'))) {
        const test = `${name}/${subtest}`;
        if (run.wants(test)) report(subtestResult(test, name, await runner(number, [], subtest)));
      }
    } else if (names.some((one) => run.wants(one))) {
      const quick = IN_FULL.has(number) || isOfShareGroups(number) ? [] : ['-Q'];
      for (const one of resultsOf(names, await runner(number, quick))) report(one);
    }
  }
}

function configurationText(bootstrapServers: string): string {
  return [
    `bootstrap.servers=${bootstrapServers}`,
    'broker.address.family=v4',
    'test.topic.random=true',
    'test.timeout.multiplier=2',
    '',
  ].join('\n');
}
