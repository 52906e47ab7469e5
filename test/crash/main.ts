/*
 * Crashes of a whole broker: `npm run test:crash -- --rounds 100 --seed 1`.
 *
 * `--only kills` or `--only power` leaves the other out; `--minutes 10` lets each go on for so long in
 * the place of `--rounds`; `--no-dump` does without Java. Exit code 1 when anything acknowledged is
 * lost, doubled or out of order, when a reader of the files complains, or when nothing was tried.
 */
import { parseArgs } from 'node:util';
import { UsageError, wholeNumber } from '../../bin/usage.ts';
import { buildOdradek } from '../compat/support/built-odradek.ts';
import { startToolRunner } from '../compat/support/tool-runner.ts';
import { killRounds } from './kill-rounds.ts';
import type { Length } from './length.ts';
import { powerCutRounds } from './power-cut-rounds.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      minutes: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      'no-dump': { type: 'boolean', default: false },
    },
  });
  const { minutes, only } = values;
  if (only !== undefined && only !== 'kills' && only !== 'power') {
    throw new UsageError(`--only takes kills or power, not '${only}'`);
  }
  const length: Length =
    minutes === undefined
      ? { rounds: wholeNumber('--rounds', values.rounds, 1, 1_000_000) }
      : { minutes: wholeNumber('--minutes', minutes, 1, 10_000) };
  const seed = wholeNumber('--seed', values.seed, 0, 1_000_000);
  const say = (line: string): void => console.log(line);
  const mistakes: string[] = [];
  if (only !== 'power') mistakes.push(...(await kills(length, seed, !values['no-dump'])));
  if (only !== 'kills') mistakes.push(...(await powerCutRounds({ length, seed, say })));
  for (const mistake of mistakes.slice(0, 50)) say(`FAILED ${mistake}`);
  say(mistakes.length === 0 ? 'passed' : `failed: ${mistakes.length}`);
  process.exit(mistakes.length === 0 ? 0 : 1);
}

async function kills(length: Length, seed: number, withDump: boolean): Promise<string[]> {
  await buildOdradek();
  const tools = withDump ? await startToolRunner(process.cwd()) : undefined;
  try {
    const say = (line: string): void => console.log(`kills, ${line}`);
    return await killRounds({ length, seed, runner: tools?.address, say });
  } finally {
    tools?.process.kill();
  }
}

void main();
