/*
 * A model test for as long as one likes: `npm run test:model -- --from 1 --count 20000` that of storage,
 * with `--model transactions` that of transactions. A failing seed is printed with its steps;
 * `--from 123 --count 1` plays it again. Exit code 1 when one failed. `--mild` is what CI runs of
 * storage. `--failures 1` ends with the first, `--brief` leaves the steps out.
 */
import { parseArgs } from 'node:util';
import { LogRun } from '../support/log-model/log-run.ts';
import { TransactionRun } from '../support/transaction-model/transaction-run.ts';

const models = {
  storage: { usualSteps: 60, make: (seed: number, isMild: boolean) => new LogRun(seed, isMild) },
  transactions: { usualSteps: 120, make: (seed: number) => new TransactionRun(seed) },
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'storage' },
      from: { type: 'string', default: '1' },
      count: { type: 'string', default: '2000' },
      steps: { type: 'string' },
      mild: { type: 'boolean', default: false },
      brief: { type: 'boolean', default: false },
      failures: { type: 'string', default: '20' },
    },
  });
  const { model } = values;
  if (model !== 'storage' && model !== 'transactions') {
    throw new Error(`--model takes storage or transactions, not '${model}'`);
  }
  const { usualSteps, make } = models[model];
  const steps = Number(values.steps ?? usualSteps);
  const [from, count] = [Number(values.from), Number(values.count)];
  const beganMs = performance.now();
  let failures = 0;
  let running: number | undefined;
  // Everything is simulated: when nothing is left to do, the seed waits for what never comes.
  process.once('beforeExit', () => {
    if (running === undefined) return;
    console.log(`FAILED seed ${running}: it never ends`);
    process.exitCode = 1;
  });
  for (let seed = from; seed < from + count && failures < Number(values.failures); seed++) {
    running = seed;
    try {
      await make(seed, values.mild).run(steps);
    } catch (error) {
      failures++;
      console.log(`FAILED ${values.brief ? firstLine(error) : inWords(error)}`);
    }
  }
  running = undefined;
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
  console.log(`${count} seeds from ${from}: ${failures} failed, ${seconds} s`);
  process.exitCode = failures === 0 ? 0 : 1;
}

const firstLine = (error: unknown): string => (error as Error).message.split('\n')[0] ?? '';

/** With all that led to it. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${inWords(error.cause)}`;
  return (error.stack ?? error.message) + cause;
}

void main();
