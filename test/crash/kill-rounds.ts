import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { builtOdradek } from '../compat/support/built-odradek.ts';
import { dumpAll } from '../compat/support/dump-log.ts';
import type { ToolRunnerAddress } from '../compat/support/tool-runner.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { roundsOf, type Length } from './length.ts';
import { KilledBroker } from './killed-broker.ts';
import { Tally } from './tally.ts';
import { Workload } from './workload.ts';

const run = promisify(execFile);

/** After so many rounds a new folder is begun: every round reads all of it. */
const roundsPerFolder = 10;
const properties = [
  'log.retention.check.interval.ms=1000',
  'log.flush.offset.checkpoint.interval.ms=500',
];

export interface KillRounds {
  readonly length: Length;
  readonly seed: number;
  /** Has kafka-dump-log read every file after every round. */
  readonly runner?: ToolRunnerAddress | undefined;
  readonly say: (line: string) => void;
}

/** When a life of the broker ends. */
const moments = [
  'in the midst',
  'in the midst',
  'in the midst',
  'at the start',
  'at the stop',
] as const;

/**
 * A real broker on a real folder, killed at random moments. Each round kills it one to three times,
 * then starts it once more, reads everything, stops it cleanly and reads its files.
 *
 * @returns what was wrong
 */
export async function killRounds({ length, seed, runner, say }: KillRounds): Promise<string[]> {
  const random = new SeededRandom(seed);
  const mistakes: string[] = [];
  let folder = '';
  let workload = new Workload(random, false);
  const tally = new Tally();
  const counts = { rounds: 0, kills: 0 };
  for (const round of roundsOf(length)) {
    counts.rounds++;
    if (round % roundsPerFolder === 0) {
      if (folder !== '') say(workload.commits);
      if (folder !== '') rmSync(folder, { recursive: true, force: true });
      folder = mkdtempSync(join(tmpdir(), 'crash-'));
      workload = new Workload(random, false);
      tally.add(workload.ledgers);
    }
    for (let kills = 1 + random.below(3); kills > 0; kills--) {
      await life(folder, workload, random);
      counts.kills++;
    }
    const found = await inspect(folder, workload, runner);
    mistakes.push(...found.map((mistake) => `round ${round}: ${mistake}`));
    if ((round + 1) % 5 === 0)
      say(`round ${round + 1}: ${tally.acknowledged} records acknowledged`);
    if (mistakes.length > 0) break;
  }
  say(workload.commits);
  say(`${counts.rounds} rounds, ${counts.kills} kills, ${tally.acknowledged} records acknowledged`);
  mistakes.push(...tally.mistakes());
  if (mistakes.length > 0) say(`the folder is kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
  return mistakes;
}

/** One life, and its sudden end. */
async function life(folder: string, workload: Workload, random: SeededRandom): Promise<void> {
  const moment = random.pick(moments);
  const broker = KilledBroker.spawn(folder, properties);
  const address = broker.address();
  if (moment === 'at the start') {
    address.catch(() => undefined);
    await pause(20 + random.below(300));
    await broker.kill();
    return;
  }
  let isOver = false;
  await workload.begin(await address);
  const work = workload.run(await address, () => isOver);
  await pause(50 + random.below(1200));
  if (moment === 'at the stop') {
    broker.stop();
    await Promise.race([pause(random.below(60)), broker.ended]);
  }
  await broker.kill();
  isOver = true;
  await work;
}

async function inspect(
  folder: string,
  workload: Workload,
  runner: ToolRunnerAddress | undefined,
): Promise<string[]> {
  const mistakes: string[] = [];
  const broker = KilledBroker.spawn(folder, properties);
  try {
    const address = await broker.address();
    mistakes.push(...(await workload.mistakes(address)));
    broker.stop();
    const how = await broker.ended;
    if (how !== 'code 0') mistakes.push(`the broker ended with ${how}`);
  } finally {
    await broker.kill();
  }
  mistakes.push(...broker.complaints.map((complaint) => `it complained: ${complaint}`));
  mistakes.push(...(await checkedByUs(folder)));
  if (runner !== undefined) {
    for (const { file, complaints } of await dumpAll(runner, [folder])) {
      mistakes.push(...complaints.map((complaint) => `kafka-dump-log, ${file}: ${complaint}`));
    }
  }
  return mistakes;
}

async function checkedByUs(folder: string): Promise<string[]> {
  try {
    await run(process.execPath, [builtOdradek, 'check', '--data', folder]);
    return [];
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return [`odradek check: ${stdout ?? ''} ${stderr ?? String(error)}`];
  }
}
