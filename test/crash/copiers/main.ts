/*
 * Transactions of Kafka's own program under kill -9: `npm run test:transactions -- --runs 10 --seed 1`.
 *
 * Each run copies `--records` (100000) in transactions of `--size` (750), of which a third is aborted,
 * while the broker is killed after `--life` ms (2500) at most. `--bounce-copiers` kills and stops the
 * copiers as well. Exit code 1 when the output of a run is not the input.
 */
import { parseArgs } from 'node:util';
import { wholeNumber } from '../../../bin/usage.ts';
import { apacheKafkaJars } from '../../../scripts/apache-kafka/jars.ts';
import { buildOdradek } from '../../compat/support/built-odradek.ts';
import { copyRun } from './copy-run.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      records: { type: 'string', default: '100000' },
      size: { type: 'string', default: '750' },
      life: { type: 'string', default: '2500' },
      'bounce-copiers': { type: 'boolean', default: false },
    },
  });
  const runs = wholeNumber('--runs', values.runs, 1, 1_000_000);
  const firstSeed = wholeNumber('--seed', values.seed, 0, 1_000_000);
  const settings = {
    records: wholeNumber('--records', values.records, 1, 100_000_000),
    transactionSize: wholeNumber('--size', values.size, 1, 1_000_000),
    longestLifeMs: wholeNumber('--life', values.life, 100, 1_000_000),
    bouncesCopiers: values['bounce-copiers'],
    mostKills: Infinity,
  };
  await buildOdradek();
  // Every copier has a JVM of its own, so there is no runner that tools share.
  const runner = { port: -1, libs: await apacheKafkaJars(process.cwd()) };
  let passed = 0;
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const result = await copyRun({ ...settings, runner, seed });
    const { kills, restarts, failures, ms, mistakes } = result;
    const words = `${kills} kills, ${restarts} copiers started again, ${(ms / 1000).toFixed(1)} s`;
    console.log(`seed ${seed}: ${mistakes.length === 0 ? 'passed' : 'FAILED'}, ${words}`);
    for (const failure of failures) console.log(`  a copier ended: ${failure}`);
    for (const mistake of mistakes) console.log(`  FAILED ${mistake}`);
    if (mistakes.length === 0) passed++;
  }
  console.log(`${passed} of ${runs} runs passed`);
  process.exitCode = passed === runs ? 0 : 1;
}

void main();
