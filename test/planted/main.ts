/*
 * Proves that the model tests can fail: `npm run test:planted` plants one mistake after the other in
 * a copy of the sources and says which seed found it. `--seeds 2000` bounds the search, `--model
 * transactions` (or storage) leaves the other out, and `--only 3` plants the third of each alone. Exit
 * code 1 when one is not found.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { storageBugs, type PlantedBug } from './bugs.ts';
import { transactionBugs } from './transaction-bugs.ts';

const run = promisify(execFile);
const models = { storage: storageBugs, transactions: transactionBugs };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '2000' },
      model: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const seeds = Number(values.seeds);
  const asked = Object.entries(models).filter(([model]) => model === (values.model ?? model));
  if (asked.length === 0) throw new Error(`there is no model '${values.model ?? ''}'`);
  let missed = 0;
  for (const [model, bugs] of asked) {
    for (const [i, bug] of bugs.entries()) {
      if (values.only !== undefined && Number(values.only) !== i + 1) continue;
      const found = await search(model, bug, seeds);
      if (found === undefined) missed++;
      console.log(`${model} ${i + 1}. ${bug.name}: ${found ?? `NOT FOUND in ${seeds} seeds`}`);
    }
  }
  process.exitCode = missed === 0 ? 0 : 1;
}

/** @returns the seed that found it and what it said */
async function search(model: string, bug: PlantedBug, seeds: number): Promise<string | undefined> {
  const copy = mkdtempSync(join(tmpdir(), 'planted-'));
  try {
    for (const part of ['src', 'test/support', 'test/crash', 'package.json']) {
      cpSync(part, join(copy, part), { recursive: true });
    }
    symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
    plant(bug, copy);
    for (let from = 1; from <= seeds;) {
      const failure = await firstFailure(copy, model, from, seeds - from + 1);
      if (failure === undefined) return undefined;
      // Only what goes well without the mistake has found it.
      const isPlanted = (await firstFailure(process.cwd(), model, failure.seed, 1)) === undefined;
      if (isPlanted) return `seed ${failure.seed}: ${failure.words}`;
      from = failure.seed + 1;
    }
    return undefined;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function plant({ file, find, replace }: PlantedBug, copy: string): void {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
}

async function firstFailure(
  folder: string,
  model: string,
  from: number,
  count: number,
): Promise<{ readonly seed: number; readonly words: string } | undefined> {
  const jiti = join(process.cwd(), 'node_modules/jiti/lib/jiti-cli.mjs');
  const asked = ['--model', model, '--from', String(from), '--count', String(count)];
  const args = [jiti, 'test/crash/model.ts', ...asked, '--brief', '--failures', '1'];
  try {
    await run(process.execPath, args, { cwd: folder });
    return undefined;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    const [, seed, words = ''] = /^FAILED seed (\d+): (.*)$/m.exec(stdout) ?? [];
    if (seed === undefined) throw new Error(`${stdout}\n${stderr}`, { cause: error });
    return { seed: Number(seed), words };
  }
}

void main();
