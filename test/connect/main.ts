/*
 * Kafka Connect while workers and broker are restarted and killed: `npm run test:connect -- --runs 5 --seed 1`.
 *
 * `--target apache` runs the same on the real Apache Kafka; `--delivery exactly-once` or `at-least-once` leaves the other
 * out; `--no-dump` does without reading the broker's files afterwards. Exit code 1 when a record is missing, when one is
 * there again under exactly-once, or when a connector does not come back. A run takes some three minutes.
 */
import { parseArgs } from 'node:util';
import { UsageError, wholeNumber } from '../../bin/usage.ts';
import { targetNames } from '../compat/support/brokers.ts';
import { buildOdradek } from '../compat/support/built-odradek.ts';
import { dumpAll } from '../compat/support/dump-log.ts';
import { startToolRunner } from '../compat/support/tool-runner.ts';
import { connectRun } from './connect-run.ts';
import type { Delivery } from './verdict.ts';

const deliveries: readonly Delivery[] = ['exactly-once', 'at-least-once'];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      target: { type: 'string', default: 'odradek' },
      delivery: { type: 'string' },
      'no-dump': { type: 'boolean', default: false },
    },
  });
  const runs = wholeNumber('--runs', values.runs, 1, 100_000);
  const firstSeed = wholeNumber('--seed', values.seed, 0, 1_000_000);
  const target = oneOf('--target', targetNames, values.target);
  const chosen = values.delivery;
  const asked = chosen === undefined ? deliveries : [oneOf('--delivery', deliveries, chosen)];
  const say = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);
  if (target === 'odradek') await buildOdradek();
  const tools = values['no-dump'] ? undefined : await startToolRunner(process.cwd());
  const readFiles = async (folders: readonly string[]): Promise<string[]> => {
    if (tools === undefined) return [];
    const dumps = await dumpAll(tools.address, folders);
    say(`kafka-dump-log: ${new Set(dumps.map(({ file }) => file)).size} files`);
    return dumps.flatMap(({ file, complaints }) => complaints.map((text) => `${file}: ${text}`));
  };
  const mistakes: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    for (const delivery of asked) {
      const name = `${target}, ${delivery}, seed ${seed}`;
      say(`${name}: begins`);
      const found = await connectRun({
        ...{ target, delivery, seed, readFiles },
        say: (line) => say(`${name}: ${line}`),
      });
      for (const mistake of found.slice(0, 20)) say(`${name}: FAILED ${mistake}`);
      say(`${name}: ${found.length === 0 ? 'passed' : `failed: ${found.length}`}`);
      mistakes.push(...found);
    }
  }
  tools?.process.kill();
  process.exit(mistakes.length === 0 ? 0 : 1);
}

function oneOf<T extends string>(option: string, choices: readonly T[], text: string): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined)
    throw new UsageError(`${option} takes ${choices.join(' or ')}, not '${text}'`);
  return found;
}

void main();
