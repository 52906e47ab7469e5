import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clone, type Repository } from '../frame/clone.ts';
import { mustRun } from '../frame/command.ts';
import type { SuiteSource } from '../frame/suite.ts';

/** Its default branch: 2.2.4, the last release, and papers about it. */
const repository: Repository = {
  address: 'https://github.com/tulios/kafkajs.git',
  commit: '55b0b416308b9e597a5a6b97b0a6fd6b846255dc',
};

/** Where the repository is, below the suite's folder. */
export const REPOSITORY_FOLDER = 'kafkajs';

/** kafkajs with its own specs, which only its repository has. */
export const kafkajsSource: SuiteSource = {
  name: 'kafkajs',
  version: repository.commit.slice(0, 12),
  async prepare(folder, from) {
    const tree = await clone(repository, { folder, name: REPOSITORY_FOLDER, from });
    await mustRun({
      command: 'npm',
      args: ['install', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund'],
      cwd: tree,
      outputFile: join(folder, 'install.log'),
      timeoutMs: 1_200_000,
    });
    const helpers = join(tree, 'testHelpers/index.js');
    await writeFile(helpers, withGivenBrokers(await readFile(helpers, 'utf8')));
    await writeFile(join(tree, 'scripts/addPartitions.sh'), ADD_PARTITIONS);
  },
};

/** What stands for the brokers' fixed ports in its helpers, and what takes its place. */
const replacements: readonly (readonly [fixed: string, given: string])[] = [
  [
    '[`${host}:9092`, `${host}:9095`, `${host}:9098`]',
    "process.env.KAFKAJS_BROKERS.split(',').map(address => address.replace(/.*:/, `${host}:`))",
  ],
  ['port: 9092,', 'port: Number(/:(\\d+)/.exec(process.env.KAFKAJS_BROKERS)[1]),'],
  ['brokers: [`${getHost()}:9092`]', 'brokers: plainTextBrokers().slice(0, 1)'],
];

/** The same helpers for brokers on other ports of this machine, named by the environment. */
export function withGivenBrokers(helpers: string): string {
  return replacements.reduce((text, [fixed, given]) => {
    if (!text.includes(fixed)) throw new Error(`kafkajs' testHelpers no longer have ${fixed}`);
    return text.replace(fixed, () => given);
  }, helpers);
}

/** Its own calls a command-line tool inside a container. */
const ADD_PARTITIONS = `#!/bin/sh
exec node -e '
const { Kafka } = require("./index.js")
const admin = new Kafka({ brokers: process.env.KAFKAJS_BROKERS.split(","), logLevel: 0 }).admin()
const { TOPIC: topic, PARTITIONS: count } = process.env
admin.connect()
  .then(() => admin.createPartitions({ topicPartitions: [{ topic, count: Number(count) }] }))
  .finally(() => admin.disconnect())
'
`;
