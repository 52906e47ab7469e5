import { parsed, UsageError, wholeNumber } from '../../bin/usage.ts';
import { allWorkloads, workloadOf } from '../workloads/all-workloads.ts';
import { peerNames, type PeerName } from './peers.ts';
import type { Size, Workload } from './workload.ts';

/** Rounds that a median in BENCHMARKS.md is of. */
export const tableRounds = 5;

export const usage = `npm run bench -- [workload ...] [options]

  workloads          by name or number; all when left out
  --brokers LIST     of ${peerNames.join(',')} (odradek,apache)
  --rounds N         how often each broker is measured (${tableRounds})
  --case TEXT        only cases with this in their names; may be repeated
  --quick            without a workload: count what does not depend on the machine, Odradek alone, and
                     compare with bench/guard/guard.json; with one: small sizes, one round
  --update-guard     with --quick and no workload: write bench/guard/guard.json
  --profile          Odradek under --cpu-prof, alone; says where the time went
  --write            measure nothing; put the newest reports in the folder that are of all cases and
                     ${tableRounds} rounds or more into BENCHMARKS.md, and keep its other tables
  --out FOLDER       for JSON, tables and profiles (.cache/bench)

Workloads:
${allWorkloads.map(({ number, name, title }) => `  ${String(number).padStart(2)}  ${name.padEnd(16)} ${title}`).join('\n')}
`;

/** What the command line asks for. */
export type Asked =
  | { readonly kind: 'help' }
  | { readonly kind: 'count'; readonly updateGuard: boolean }
  | { readonly kind: 'write'; readonly workloads: readonly Workload[]; readonly out: string }
  | Measurement;

export interface Measurement {
  readonly kind: 'measure';
  readonly workloads: readonly Workload[];
  readonly peers: readonly PeerName[];
  readonly rounds: number;
  readonly size: Size;
  readonly profile: boolean;
  /** Only cases whose names hold one of these. */
  readonly only: readonly string[] | undefined;
  readonly out: string;
}

const definitions = {
  brokers: { type: 'string' },
  rounds: { type: 'string' },
  case: { type: 'string', multiple: true },
  quick: { type: 'boolean' },
  'update-guard': { type: 'boolean' },
  write: { type: 'boolean' },
  profile: { type: 'boolean' },
  out: { type: 'string', default: '.cache/bench' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws {UsageError} */
export function parseCommandLine(args: readonly string[]): Asked {
  const { values, positionals } = parsed({ args, options: definitions, allowPositionals: true });
  const { quick = false, profile = false, out, ...rest } = values;
  const updateGuard = values['update-guard'] ?? false;
  if (values.help) return { kind: 'help' };
  const workloads = chosen(positionals);
  if (values.write) {
    const besides = Object.keys(values).filter((name) => name !== 'write' && name !== 'out');
    if (besides.length > 0) {
      throw new UsageError(`--write measures nothing: --${besides.join(', --')} is not for it`);
    }
    return { kind: 'write', workloads, out };
  }
  const counts = quick && positionals.length === 0;
  if (updateGuard && !counts) throw new UsageError('--update-guard is for --quick alone');
  if (counts && profile)
    throw new UsageError('--profile is of workloads, and --quick alone counts');
  if (counts) return { kind: 'count', updateGuard };
  const alone = profile || quick;
  const size = quick ? 'quick' : 'full';
  requireCases(workloads, size, rest.case ?? []);
  return {
    kind: 'measure',
    workloads,
    peers: brokers(rest.brokers ?? (alone ? 'odradek' : 'odradek,apache')),
    rounds: wholeNumber('--rounds', rest.rounds ?? (alone ? '1' : String(tableRounds)), 1, 1000),
    size,
    profile,
    only: rest.case,
    out,
  };
}

function chosen(names: readonly string[]): readonly Workload[] {
  if (names.length === 0) return allWorkloads;
  return names.map((name) => {
    const workload = workloadOf(name);
    if (workload === undefined) throw new UsageError(`there is no workload ${name}`);
    return workload;
  });
}

function brokers(list: string): PeerName[] {
  return list.split(',').map((text) => {
    const name = peerNames.find((known) => known === text);
    if (name === undefined) {
      throw new UsageError(`there is no broker ${text}, only ${peerNames.join(', ')}`);
    }
    return name;
  });
}

function requireCases(workloads: readonly Workload[], size: Size, texts: readonly string[]): void {
  const names = workloads.flatMap((one) => one.cases(size).map(({ name }) => name));
  for (const text of texts) {
    if (names.some((name) => name.includes(text))) continue;
    const known = [...new Set(names)].map((name) => `\n  ${name}`).join('');
    throw new UsageError(`there is no case '${text}' but these:${known}`);
  }
}
