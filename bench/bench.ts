/*
 * Side by side with other brokers: `npm run bench -- [workload ...] [options]`. README.md beside this
 * file says how to read what comes out.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { wholeNumber } from '../bin/usage.ts';
import { guardInWords } from './guard/guard.ts';
import { machineInWords } from './harness/machine.ts';
import { peerNames, peers, type PeerName } from './harness/peers.ts';
import { profileInWords } from './harness/profile.ts';
import { saveReport, writeTable } from './harness/report.ts';
import { machineLoad, runWorkload, type RunOptions } from './harness/runner.ts';
import { markdown, rowsOf, type Row } from './harness/table.ts';
import type { Workload } from './harness/workload.ts';
import { allWorkloads, workloadOf } from './workloads/all-workloads.ts';

/** Rounds that a median in BENCHMARKS.md is of. */
const tableRounds = 5;

const usage = `npm run bench -- [workload ...] [options]

  workloads          by name or number; all when left out
  --brokers LIST     of ${peerNames.join(',')} (odradek,apache)
  --rounds N         how often each broker is measured (${tableRounds})
  --case TEXTS       only cases with one of these in their names
  --quick            without a workload: count what does not depend on the machine, Odradek alone, and
                     compare with bench/guard/guard.json; with one: small sizes, one round
  --update-guard     with --quick: write bench/guard/guard.json
  --profile          Odradek under --cpu-prof, alone; says where the time went
  --write            write BENCHMARKS.md of the newest reports in the folder that are of all cases and
                     ${tableRounds} rounds or more, and measure nothing
  --out FOLDER       for JSON, tables and profiles (.cache/bench)

Workloads:
${allWorkloads.map(({ number, name, title }) => `  ${String(number).padStart(2)}  ${name.padEnd(16)} ${title}`).join('\n')}
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      brokers: { type: 'string' },
      rounds: { type: 'string' },
      case: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'update-guard': { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      out: { type: 'string', default: '.cache/bench' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  if (values.quick && positionals.length === 0) {
    const { words, grown } = await guardInWords(values['update-guard']);
    console.log(words);
    if (grown) process.exitCode = 1;
    return;
  }
  mkdirSync(values.out, { recursive: true });
  if (values.write) {
    await writeTable('BENCHMARKS.md', values.out, allWorkloads);
    return;
  }
  const alone = values.profile || values.quick;
  const options: RunOptions = {
    peers: await able(values.brokers ?? (alone ? 'odradek' : 'odradek,apache')),
    rounds: wholeNumber('--rounds', values.rounds ?? (alone ? '1' : String(tableRounds)), 1, 1000),
    size: values.quick ? 'quick' : 'full',
    profileFolder: values.profile ? join(values.out, 'profile') : undefined,
    only: values.case?.split(','),
    progress: (line) => console.error(line),
  };
  const workloads = chosen(positionals);
  for (const text of options.only ?? []) {
    const names = workloads.flatMap((one) => one.cases(options.size).map(({ name }) => name));
    if (!names.some((name) => name.includes(text))) {
      throw new Error(`no case '${text}'; there are: ${names.join(', ')}`);
    }
  }
  await measureAll(workloads, options, values.out);
}

function chosen(names: readonly string[]): readonly Workload[] {
  if (names.length === 0) return allWorkloads;
  return names.map((name) => {
    const workload = workloadOf(name);
    if (workload === undefined) throw new Error(`no workload ${name}\n\n${usage}`);
    return workload;
  });
}

async function able(list: string): Promise<PeerName[]> {
  const found: PeerName[] = [];
  for (const text of list.split(',')) {
    const name = peerNames.find((known) => known === text);
    if (name === undefined) throw new Error(`no broker ${text}\n\n${usage}`);
    const reason = await peers[name].whyNot();
    if (reason === null) found.push(name);
    else console.error(`${peers[name].title} is left out: ${reason}`);
  }
  return found;
}

async function measureAll(
  workloads: readonly Workload[],
  options: RunOptions,
  out: string,
): Promise<void> {
  const machine = machineInWords();
  console.log(`${machine}; load ${machineLoad()} at the start\n`);
  for (const workload of workloads) {
    const began = new Date().toISOString();
    const loadBefore = machineLoad();
    const profiles = options.profileFolder && join(options.profileFolder, workload.name);
    if (profiles !== undefined) rmSync(profiles, { recursive: true, force: true }); // of an earlier run
    const samples = await runWorkload(workload, options);
    const cases = workload
      .cases(options.size)
      .filter(({ name }) => samples.some((sample) => sample.case === name));
    const rows: Row[] = rowsOf(workload, cases, samples);
    const { name } = workload;
    const { size } = options;
    const isPart =
      profiles !== undefined || options.only !== undefined || options.rounds < tableRounds;
    saveReport(out, { machine, loadBefore, began, name, size, isPart, rows, samples });
    console.log(`${workload.number}. ${workload.title}\n\n${markdown(rows)}\n`);
    if (profiles !== undefined) console.log(profileInWords(profiles));
  }
}

main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
