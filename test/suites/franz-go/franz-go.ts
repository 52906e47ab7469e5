import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun, runCommand } from '../frame/command.ts';
import type { Suite, SuiteSource } from '../frame/suite.ts';
import { resultsOf } from './go-output.ts';

const VERSION = 'v1.22.2';
const PACKAGE = 'github.com/twmb/franz-go/pkg/kgo';
const TEST_BINARY = 'kgo.test';

/** The tests of kgo, franz-go's client, as the Go module proxy has them. */
const source: SuiteSource = {
  name: 'franz-go',
  version: VERSION,
  async prepare(folder) {
    await writeFile(join(folder, 'go.mod'), 'module suite\n');
    const go = async (name: string, args: readonly string[]) =>
      mustRun({
        ...{ command: 'go', args, cwd: folder, timeoutMs: 1_200_000 },
        outputFile: join(folder, `${name}.log`),
      });
    await go('get', ['get', '-t', `${PACKAGE}@${VERSION}`]);
    await go('build', ['test', '-c', '-o', TEST_BINARY, PACKAGE]);
  },
};

/** Each of the two chains of consumers takes minutes. */
const TIMEOUT_MS = 900_000;

/**
 * kgo's own tests, each in a process of its own, and their subtests as they report them. Many need no broker: a run
 * with `--start nothing` says which.
 */
export const franzGo: Suite = {
  name: 'franz-go',
  source,
  broker: { settings: {} },
  async run(run) {
    const command = join(run.suiteFolder, TEST_BINARY);
    const lines = async (program: string, args: readonly string[]) => {
      const outputFile = join(run.scratch, 'lines.log');
      const how = { command: program, args, cwd: run.suiteFolder, timeoutMs: 60_000, outputFile };
      return (await mustRun(how)).output.split('\n');
    };
    const [cwd = ''] = await lines('go', ['list', '-f', '{{.Dir}}', PACKAGE]); // one test reads a source
    const tests = (await lines(command, ['-test.list', '.'])).filter((name) => /^Test/.test(name));
    for (const test of tests.filter((name) => run.wants(name))) {
      const result = await runCommand({
        ...{ command, cwd },
        args: ['-test.v', '-test.run', `^${test}$`, '-test.timeout', '0'],
        env: {
          KGO_LOG_LEVEL: 'none',
          ...process.env,
          KGO_SEEDS: run.bootstrapServers,
          KGO_TEST_RF: '1',
          KGO_TEST_RECORDS: '50000',
        },
        outputFile: join(run.scratch, `${test}.log`),
        timeoutMs: run.testTimeoutMs ?? TIMEOUT_MS,
      });
      for (const one of resultsOf(test, result)) run.report(one);
    }
  },
};
