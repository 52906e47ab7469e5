import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../frame/command.ts';
import type { Suite, SuiteRun } from '../frame/suite.ts';
import { readReport, resultsOf } from './jest-report.ts';
import { kafkajsSource, REPOSITORY_FOLDER } from './source.ts';
import { groupsOf, liveSpecs } from './specs.ts';

/** A group of files takes some minutes; a test gives up after a minute and a half. */
const GROUP_TIMEOUT_MS = 1_500_000;

/** kafkajs' own specs that touch a broker, over PLAINTEXT: those for SSL and SASL fail on every broker that has neither. */
export const kafkajs: Suite = {
  name: 'kafkajs',
  source: kafkajsSource,
  broker: {
    brokers: 3,
    firstId: 0,
    host: 'localhost',
    settings: {
      'auto.create.topics.enable': 'true',
      'num.partitions': '2',
      'default.replication.factor': '2',
    },
  },
  async run(run) {
    const repository = join(run.suiteFolder, REPOSITORY_FOLDER);
    const specs = (await liveSpecs(repository)).filter((file) => run.wants(file));
    for (const [group, files] of groupsOf(specs)) await runGroup(run, repository, group, files);
  },
};

/** Jest reports a group when all of it has ended; a file of which it says nothing has failed. */
async function runGroup(
  run: SuiteRun,
  repository: string,
  group: string,
  files: readonly string[],
): Promise<void> {
  const reportFile = join(run.scratch, `${group}.json`);
  const { isTimedOut, seconds } = await runCommand({
    command: process.execPath,
    args: [
      ...['node_modules/.bin/jest', '--ci', '--no-watchman', '--forceExit', '--maxWorkers=2'],
      ...['--reporters=default', '--json', `--outputFile=${reportFile}`],
      ...['--runTestsByPath', ...files],
    ],
    cwd: repository,
    env: {
      ...process.env,
      NODE_ENV: 'test',
      KAFKA_VERSION: '2.4', // by which it skips what an older broker would not have
      KAFKAJS_DEBUG_PROTOCOL_BUFFERS: '1',
      KAFKAJS_BROKERS: run.bootstrapServers,
    },
    outputFile: join(run.scratch, `${group}.log`),
    timeoutMs: run.testTimeoutMs ?? GROUP_TIMEOUT_MS,
  });
  const text = await readFile(reportFile, 'utf8').catch(() => null);
  if (text === null) {
    const note = isTimedOut ? 'its group timed out' : 'jest wrote no report';
    for (const file of files) run.report({ test: file, verdict: 'fail', seconds, note });
    return;
  }
  for (const result of resultsOf(repository, readReport(text))) run.report(result);
}
