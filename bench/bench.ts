/*
 * Side by side with other brokers: `npm run bench -- [workload ...] [options]`. README.md beside this
 * file says how to read what comes out.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { UsageError } from '../bin/usage.ts';
import { guardInWords } from './guard/guard.ts';
import { parseCommandLine, tableRounds, usage, type Measurement } from './harness/command-line.ts';
import { machineInWords } from './harness/machine.ts';
import { peers, type PeerName } from './harness/peers.ts';
import { profileInWords } from './harness/profile.ts';
import { saveReport, withNewest } from './harness/report.ts';
import { isWanted, machineLoad, runWorkload, type RunOptions } from './harness/runner.ts';
import { markdown, rowsOf } from './harness/table.ts';
import type { Workload } from './harness/workload.ts';

async function main(): Promise<void> {
  const asked = parseCommandLine(process.argv.slice(2));
  switch (asked.kind) {
    case 'help':
      console.log(usage);
      return;
    case 'count': {
      const { words, grown } = await guardInWords(asked.updateGuard);
      console.log(words);
      if (grown) process.exitCode = 1;
      return;
    }
    case 'write':
      console.log(await writeTables('BENCHMARKS.md', asked.out, asked.workloads));
      return;
    case 'measure':
      await measureAll(asked);
  }
}

/** Puts the newest reports of these workloads into the file, and says in words what was done. */
async function writeTables(
  file: string,
  folder: string,
  workloads: readonly Workload[],
): Promise<string> {
  const old = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const { text, words } = withNewest(old, folder, workloads);
  const options = { ...(await resolveConfig(file)), filepath: file };
  writeFileSync(file, await format(text, options));
  return `${file}: ${words}`;
}

async function measureAll(asked: Measurement): Promise<void> {
  mkdirSync(asked.out, { recursive: true });
  const options: RunOptions = {
    peers: await able(asked.peers),
    rounds: asked.rounds,
    size: asked.size,
    profileFolder: asked.profile ? join(asked.out, 'profile') : undefined,
    only: asked.only,
    progress: (line) => console.error(line),
  };
  const machine = machineInWords();
  console.log(`${machine}; load ${machineLoad()} at the start\n`);
  for (const workload of asked.workloads) {
    if (workload.cases(options.size).some((one) => isWanted(one, options))) {
      await measure(workload, options, machine, asked.out);
    }
  }
}

async function able(names: readonly PeerName[]): Promise<PeerName[]> {
  const found: PeerName[] = [];
  for (const name of names) {
    const reason = await peers[name].whyNot();
    if (reason === null) found.push(name);
    else console.error(`${peers[name].title} is left out: ${reason}`);
  }
  return found;
}

async function measure(
  workload: Workload,
  options: RunOptions,
  machine: string,
  out: string,
): Promise<void> {
  const began = new Date().toISOString();
  const loadBefore = machineLoad();
  const { name } = workload;
  const { size, rounds, only } = options;
  const profiles = options.profileFolder && join(options.profileFolder, name);
  if (profiles !== undefined) rmSync(profiles, { recursive: true, force: true }); // of an earlier run
  const samples = await runWorkload(workload, options);
  const cases = workload
    .cases(size)
    .filter((one) => isWanted(one, options) && samples.some((sample) => sample.case === one.name));
  const rows = rowsOf(workload, cases, samples);
  const isPart = profiles !== undefined || only !== undefined || rounds < tableRounds;
  saveReport(out, { machine, loadBefore, began, name, size, isPart, rows, samples });
  const table = rows.length > 0 ? markdown(rows) : 'Nothing could be measured.';
  console.log(`${workload.number}. ${workload.title}\n\n${table}\n`);
  if (profiles !== undefined) console.log(profileInWords(profiles));
}

main().catch((error: unknown) => {
  console.error((error as Error).message);
  if (error instanceof UsageError) console.error('`npm run bench -- --help` says more.');
  process.exitCode = 1;
});
