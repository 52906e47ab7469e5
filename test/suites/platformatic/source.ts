import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clone, type Repository } from '../frame/clone.ts';
import { mustRun } from '../frame/command.ts';
import type { SuiteSource } from '../frame/suite.ts';

/** 2.9.0 and what was mended until August 2026. */
const repository: Repository = {
  address: 'https://github.com/platformatic/kafka.git',
  commit: 'f84b496dd6247411366791b74cd871bf6a3b944e',
};

/** Where the repository is, below the suite's folder. */
export const REPOSITORY_FOLDER = 'platformatic';
/** Its tests are TypeScript, which only Node from 22.22 on runs as it is. */
export const NODE = 'node/node_modules/.bin/node';

/** @platformatic/kafka with its own tests, which only its repository has. */
export const platformaticSource: SuiteSource = {
  name: 'platformatic',
  version: repository.commit.slice(0, 12),
  async prepare(folder, from) {
    const tree = await clone(repository, { folder, name: REPOSITORY_FOLDER, from });
    const npm = async (name: string, cwd: string, args: readonly string[]) =>
      mustRun({
        command: 'npm',
        args: ['install', '--no-save', '--no-audit', '--no-fund', ...args],
        cwd,
        outputFile: join(folder, `${name}.log`),
        timeoutMs: 1_200_000,
      });
    await npm('install', tree, ['--ignore-scripts']); // nothing native is built
    await mkdir(join(folder, 'node'));
    await npm('node', join(folder, 'node'), ['--prefix', '.', 'node@22']);
    await change(join(tree, 'test/helpers.ts'), withGivenBrokers);
    await change(join(tree, 'test/clients/base/base.test.ts'), withoutForeignAddress);
  },
};

async function change(file: string, by: (text: string) => string): Promise<void> {
  await writeFile(file, by(await readFile(file, 'utf8')));
}

/** Two tests connect to an address where they suppose nobody; it shall be one of this machine. */
const withoutForeignAddress = (tests: string): string => tests.replaceAll('192.0.2.1', '127.0.0.2');

/** The same helpers for brokers that the environment names. */
export function withGivenBrokers(helpers: string): string {
  return ["['localhost:9001']", "['localhost:9011']"].reduce((text, fixed) => {
    if (!text.includes(fixed)) throw new Error(`its test/helpers.ts no longer has ${fixed}`);
    return text.replace(fixed, "process.env.TEST_BROKERS!.split(',').slice(0, 1)");
  }, helpers);
}
