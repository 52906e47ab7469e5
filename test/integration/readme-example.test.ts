import { afterEach, expect, it } from '@jest/globals';
import { transformSync } from '@swc/core';
import * as kafkajs from 'kafkajs';
import type { RunningBroker } from '../../src/broker/start-broker.ts';
import * as odradek from '../../src/broker/start-broker.ts';
import { codeBlocks, section } from '../support/readme.ts';

/** Brokers that an example started, and where they were. */
const started: { broker: RunningBroker; bootstrapServers: string }[] = [];

const packages: Readonly<Record<string, unknown>> = {
  kafkajs: kafkajsWithoutWords(),
  odradek: {
    ...odradek,
    startBroker: async (options?: odradek.BrokerOptions) => {
      const broker = await odradek.startBroker(options);
      started.push({ broker, bootstrapServers: broker.bootstrapServers });
      return broker;
    },
  },
};

function kafkajsWithoutWords() {
  class Kafka extends kafkajs.Kafka {
    constructor(config: kafkajs.KafkaConfig) {
      super({ ...config, logLevel: kafkajs.logLevel.NOTHING });
    }
  }
  return { ...kafkajs, Kafka };
}

/** Runs a module that awaits at its top level. */
async function run(code: string): Promise<void> {
  // Its imports stay outside: no function may hold them.
  const imports = /^import .*;$/gm;
  const body = code.replace(imports, '');
  const wrapped = `${code.match(imports)?.join('\n') ?? ''}
    export async function example() {${body}}`;
  const { code: script } = transformSync(wrapped, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  const exported: { example?: () => Promise<void> } = {};
  const load = (name: string): unknown => {
    if (!(name in packages)) throw new Error(`the example imports ${name}`);
    return packages[name];
  };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code is our own README's
  (new Function('exports', 'require', script) as (...parts: unknown[]) => void)(exported, load);
  await exported.example?.();
}

afterEach(async () => {
  await Promise.all(started.splice(0).map(({ broker }) => broker.close()));
});

it('the example of a test in README.md runs, and closes its broker', async () => {
  const [example, ...others] = codeBlocks(section('In a test'), 'ts');
  expect(others).toEqual([]);
  await run(example ?? '');
  expect(started).toHaveLength(1);
  const admin = new kafkajs.Kafka({
    brokers: [started[0]!.bootstrapServers],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 0 },
  }).admin();
  await expect(admin.connect()).rejects.toThrow('ECONNREFUSED');
});
