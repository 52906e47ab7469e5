/*
 * Crashes of a whole broker: `npm run test:crash -- --rounds 100 --seed 1`.
 *
 * `--only kills` or `--only power` leaves the other out; `--no-dump` does without Java. Exit code 1
 * when anything acknowledged is lost, doubled or out of order, or when a reader of the files complains.
 */
import { parseArgs } from 'node:util';
import { buildOdradek } from '../compat/support/built-odradek.ts';
import { startToolRunner } from '../compat/support/tool-runner.ts';
import { killRounds } from './kill-rounds.ts';
import { powerCutRounds } from './power-cut-rounds.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      'no-dump': { type: 'boolean', default: false },
    },
  });
  const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
  const say = (line: string): void => console.log(line);
  const mistakes: string[] = [];
  if (values.only !== 'power') mistakes.push(...(await kills(rounds, seed, !values['no-dump'])));
  if (values.only !== 'kills') {
    mistakes.push(...(await powerCutRounds({ rounds, seed, say })));
  }
  for (const mistake of mistakes.slice(0, 50)) say(`FAILED ${mistake}`);
  say(mistakes.length === 0 ? 'passed' : `failed: ${mistakes.length}`);
  process.exit(mistakes.length === 0 ? 0 : 1);
}

async function kills(rounds: number, seed: number, withDump: boolean): Promise<string[]> {
  await buildOdradek();
  const tools = withDump ? await startToolRunner(process.cwd()) : undefined;
  try {
    const say = (line: string): void => console.log(`kills, ${line}`);
    return await killRounds({ rounds, seed, runner: tools?.address, say });
  } finally {
    tools?.process.kill();
  }
}

void main();
