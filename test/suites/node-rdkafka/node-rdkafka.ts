import { Kafka, logLevel } from 'kafkajs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../frame/command.ts';
import type { Suite, SuiteRun, TestResult } from '../frame/suite.ts';
import { mochaResults } from './mocha-results.ts';
import { nodeRdkafkaSource, PACKAGE_FOLDER } from './source.ts';

/** What its own `run_docker.sh` makes before the tests. */
const TOPICS = ['test', 'test2', 'test3', 'test4', 'test5', 'test6'];
/** A disconnect of its client can hang for ever; then the file gets a second try. */
const FILE_TIMEOUT_MS = 240_000;
const TRIES = 2;

/** The end-to-end tests of node-rdkafka. */
export const nodeRdkafka: Suite = {
  name: 'node-rdkafka',
  source: nodeRdkafkaSource,
  // Its tests count on one partition, and on groups that do not wait for more members.
  broker: {
    settings: {
      'num.partitions': '1',
      'auto.create.topics.enable': 'true',
      'group.initial.rebalance.delay.ms': '0',
    },
  },
  async run(run) {
    await makeTopics(run.bootstrapServers);
    const folder = join(run.suiteFolder, PACKAGE_FOLDER, 'e2e');
    const files = (await readdir(folder)).filter((file) => file.endsWith('.spec.js')).sort();
    for (const file of files) {
      const results = await runFile(run, file);
      for (const result of results) if (run.wants(result.test)) run.report(result);
    }
  },
};

async function makeTopics(bootstrapServers: string): Promise<void> {
  const admin = new Kafka({
    brokers: bootstrapServers.split(','),
    logLevel: logLevel.NOTHING,
  }).admin();
  await admin.connect();
  try {
    const there = new Set(await admin.listTopics());
    const topics = TOPICS.filter((topic) => !there.has(topic)).map((topic) => ({ topic }));
    if (topics.length > 0) await admin.createTopics({ topics, waitForLeaders: true });
  } finally {
    await admin.disconnect();
  }
}

async function runFile(run: SuiteRun, file: string): Promise<TestResult[]> {
  const cwd = join(run.suiteFolder, PACKAGE_FOLDER);
  const mocha = join(run.suiteFolder, 'node_modules/mocha/bin/mocha.js');
  const options = ['--exit', '--timeout', '120000', '--reporter', 'json-stream'];
  for (let attempt = 1; ; attempt++) {
    const { isTimedOut, output } = await runCommand({
      command: process.execPath,
      args: [mocha, ...options, join('e2e', file)],
      cwd,
      env: { ...process.env, KAFKA_HOST: run.bootstrapServers },
      outputFile: join(run.scratch, `${file}.${attempt}.log`),
      timeoutMs: run.testTimeoutMs ?? FILE_TIMEOUT_MS,
    });
    if (!isTimedOut || attempt === TRIES) return mochaResults(file, output);
  }
}
