import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mustRun } from '../frame/command.ts';
import type { SuiteSource } from '../frame/suite.ts';

const VERSION = '3.6.1';
const MOCHA = '10';

/** Where its `e2e` folder is, below the suite's folder. */
export const PACKAGE_FOLDER = 'node_modules/node-rdkafka';

/** node-rdkafka, compiled with the librdkafka that it carries, and mocha. */
export const nodeRdkafkaSource: SuiteSource = {
  name: 'node-rdkafka',
  version: VERSION,
  async prepare(folder) {
    const step = async (name: string, cwd: string, command: string, args: readonly string[]) =>
      mustRun({
        ...{ command, args, cwd, timeoutMs: 1_800_000 },
        env: { ...process.env, JOBS: '2', ...headersBesideNode() },
        outputFile: join(folder, `${name}.log`),
      });
    await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
    const packages = [`node-rdkafka@${VERSION}`, `mocha@${MOCHA}`];
    await step('install', folder, 'npm', ['install', '--ignore-scripts', ...packages]);
    const built = join(folder, PACKAGE_FOLDER);
    await step('gyp', built, process.execPath, [nodeGyp(), 'configure']);
    // Before the build, as two jobs at once would begin to compile what is not configured yet.
    await step('configure', built, process.execPath, [join(built, 'util/configure.js')]);
    await step('build', built, process.execPath, [nodeGyp(), 'build']);
  },
};

/** Node's own headers, where they are installed beside it, spare a download. */
function headersBesideNode(): NodeJS.ProcessEnv {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
}

/** The node-gyp that comes with npm, which is beside Node. */
function nodeGyp(): string {
  const npm = join(dirname(dirname(process.execPath)), 'lib/node_modules/npm');
  return join(npm, 'node_modules/node-gyp/bin/node-gyp.js');
}
