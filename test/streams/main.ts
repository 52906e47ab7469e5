/*
 * Apache's smoke tests of Kafka Streams, with kill -9 of applications and broker while they run:
 * `npm run test:streams -- --runs 5 --seed 1`.
 *
 * `--test smoke|relational`, `--guarantee at_least_once|exactly_once_v2` and `--kill broker|app|both|none` choose (all
 * tests, all guarantees and both when left out); `--target apache` has the real Apache Kafka killed. A run takes two
 * to four minutes. Exit code 1 unless every run's verdict is success. It needs Java 17 and Maven.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError, wholeNumber } from '../../bin/usage.ts';
import { apacheKafkaJars, whyNoJars } from '../../scripts/apache-kafka/jars.ts';
import { targetNames } from '../compat/support/brokers.ts';
import { buildOdradek } from '../compat/support/built-odradek.ts';
import { smokeRun, type SmokeRunOptions, type Victim } from './smoke-run.ts';
import { guarantees, relationalSmokeTest, streamsSmokeTest } from './smoke-tests.ts';

const smokeTests = { smoke: streamsSmokeTest, relational: relationalSmokeTest } as const;
const testNames = ['smoke', 'relational'] as const;
const killed: Readonly<Record<string, readonly Victim[]>> = {
  broker: ['broker'],
  app: ['application'],
  both: ['broker', 'application'],
  none: [],
};

// All that was started is killed when this process exits, which it does not do by itself at a signal.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      test: { type: 'string' },
      guarantee: { type: 'string' },
      kill: { type: 'string', default: 'both' },
      target: { type: 'string', default: 'odradek' },
    },
  });
  const runs = wholeNumber('--runs', values.runs, 1, 1_000);
  const seed = wholeNumber('--seed', values.seed, 0, 1_000_000);
  const [target = 'odradek'] = chosen('--target', targetNames, values.target);
  const kill = killed[values.kill];
  if (kill === undefined) {
    throw new UsageError(`--kill takes one of ${Object.keys(killed).join(', ')}`);
  }
  const missing = await whyNoJars(process.cwd(), 'kafka-streams');
  if (missing !== null) throw new Error(`Kafka Streams cannot be run here: ${missing}`);
  const libs = await apacheKafkaJars(process.cwd(), 'kafka-streams');
  if (target === 'odradek') await buildOdradek();
  const failed: string[] = [];
  for (const name of chosen('--test', testNames, values.test)) {
    for (const guarantee of chosen('--guarantee', guarantees, values.guarantee)) {
      const title = `${name}, ${guarantee}, ${target}`;
      const test = smokeTests[name];
      let successes = 0;
      for (let run = 0; run < runs; run++) {
        const options = { target, test, guarantee, kill, seed: seed + run, libs };
        if (await oneRun(`${title}, seed ${seed + run}`, options)) successes++;
      }
      console.log(`${title}: ${successes} of ${runs}`);
      if (successes < runs) failed.push(title);
    }
  }
  console.log(failed.length === 0 ? 'passed' : `failed: ${failed.join('; ')}`);
  process.exit(failed.length === 0 ? 0 : 1);
}

/** @returns whether all went well; otherwise its folder is kept. */
async function oneRun(
  title: string,
  options: Omit<SmokeRunOptions, 'folder' | 'say'>,
): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'streams-'));
  const say = (line: string): void => console.log(`${title}, ${line}`);
  const { mistakes, kills, seconds } = await smokeRun({ ...options, folder, say });
  for (const mistake of mistakes.slice(0, 20)) console.log(`FAILED ${mistake}`);
  const verdict = mistakes.length === 0 ? 'SUCCESS' : `FAILURE, the folder is kept: ${folder}`;
  const killsText = `broker killed ${kills.broker} times, applications ${kills.application} times`;
  console.log(`${title}: ${verdict} (${seconds} s, ${killsText})`);
  if (mistakes.length === 0) rmSync(folder, { recursive: true, force: true });
  return mistakes.length === 0;
}

function chosen<T extends string>(
  option: string,
  all: readonly T[],
  value: string | undefined,
): readonly T[] {
  if (value === undefined) return all;
  const found = all.filter((one) => one === value);
  if (found.length === 0) throw new UsageError(`${option} takes one of ${all.join(', ')}`);
  return found;
}

void main();
