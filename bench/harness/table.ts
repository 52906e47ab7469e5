import { clientBoundCores, oursAlone, units } from './figures.ts';
import type { PeerName } from './peers.ts';
import type { Sample } from './runner.ts';
import { median, ratioOf, type Ratio, type Rounds } from './statistics.ts';
import type { Aim, Case, Workload } from './workload.ts';

/** One figure of one case, of all brokers. */
export interface Row {
  readonly workload: string;
  readonly case: string;
  readonly figure: string;
  readonly aim: Aim;
  /** The least of Odradek's own and those that each ratio is of. */
  readonly rounds: number;
  readonly medians: Partial<Record<PeerName, number>>;
  readonly toApache?: Ratio | undefined;
  readonly toKfake?: Ratio | undefined;
  /** Brokers with which the client was the narrow place. */
  readonly clientBound: readonly PeerName[];
  readonly met: boolean | undefined;
}

export function rowsOf(
  workload: Workload,
  cases: readonly Pick<Case, 'name' | 'shows'>[],
  samples: readonly Sample[],
): Row[] {
  return cases.flatMap((one) =>
    Object.entries(one.shows).map(([figure, aim]) =>
      rowOf(workload, one.name, figure, aim, samples),
    ),
  );
}

const names: readonly PeerName[] = ['odradek', 'apache', 'kfake'];

function rowOf(
  workload: Workload,
  caseName: string,
  figure: string,
  aim: Aim,
  samples: readonly Sample[],
): Row {
  const of = (peer: PeerName, name: string): Rounds =>
    new Map(
      samples
        .filter((sample) => sample.peer === peer && sample.case === caseName)
        .map(({ round, figures }) => [round, figures[name] ?? NaN] as const)
        .filter(([, value]) => Number.isFinite(value)),
    );
  const values = Object.fromEntries(names.map((peer) => [peer, of(peer, figure)])) as Record<
    PeerName,
    Rounds
  >;
  const medians: Partial<Record<PeerName, number>> = {};
  for (const peer of names) {
    if (values[peer].size > 0) medians[peer] = median([...values[peer].values()]);
  }
  const toApache = ratioOf(values.odradek, values.apache);
  const toKfake = ratioOf(values.odradek, values.kfake);
  const ownRounds = values.odradek.size;
  const row = {
    workload: workload.name,
    case: caseName,
    figure,
    aim,
    rounds: Math.min(ownRounds, toApache?.rounds ?? ownRounds, toKfake?.rounds ?? ownRounds),
    medians,
    toApache,
    toKfake,
    clientBound: names.filter(
      (peer) => median([...of(peer, 'clientCores').values()]) > clientBoundCores,
    ),
  };
  return { ...row, met: isMet(judged(row)) };
}

/** One part of an aim. */
interface Judged {
  readonly words: string;
  /** Undefined where it was not measured. */
  readonly met: boolean | undefined;
}

function judged({ aim, medians, toApache, toKfake }: Omit<Row, 'met'>): Judged[] {
  const { atMost: most, atLeast: least, absoluteAtMost, kfakeAtMost, kfakeAtLeast } = aim;
  const parts: (Judged | undefined)[] = [
    atMost('<=', toApache?.median, most),
    atLeast('>=', toApache?.median, least),
    atMost('Odradek <=', medians.odradek, absoluteAtMost),
    atMost('kfake <=', toKfake?.median, kfakeAtMost),
    atLeast('kfake >=', toKfake?.median, kfakeAtLeast),
  ];
  return parts.filter((part) => part !== undefined);
}

function atMost(words: string, value: number | undefined, limit: number | undefined) {
  if (limit === undefined) return undefined;
  return { words: `${words} ${limit}`, met: value === undefined ? undefined : value <= limit };
}

function atLeast(words: string, value: number | undefined, limit: number | undefined) {
  if (limit === undefined) return undefined;
  return { words: `${words} ${limit}`, met: value === undefined ? undefined : value >= limit };
}

/** Undefined where nothing of it was measured. */
function isMet(parts: readonly Judged[]): boolean | undefined {
  const verdicts = parts.map(({ met }) => met).filter((met) => met !== undefined);
  return verdicts.length === 0 ? undefined : verdicts.every(Boolean);
}

/** The rows as a table in Markdown; `*` marks a broker with which the client was the narrow place. */
export function markdown(rows: readonly Row[]): string {
  const head =
    '| workload | case | figure | Odradek | Apache | ratio | kfake | ratio | aim | rounds |';
  const rule = '| --- | --- | --- | --: | --: | --: | --: | --: | --- | --: |';
  return [head, rule, ...rows.map(rowInWords)].join('\n');
}

function rowInWords(row: Row): string {
  const cell = (peer: PeerName) => {
    const value = row.medians[peer];
    if (value === undefined) {
      const isWanted = peer === 'odradek' || (peer === 'apache' && !oursAlone.has(row.figure));
      return isWanted ? 'not measured' : '';
    }
    return digits(value) + (row.clientBound.includes(peer) ? '*' : '');
  };
  const cells = [
    ...[row.workload, row.case, units[row.figure] ?? row.figure, cell('odradek'), cell('apache')],
    ...[ratioInWords(row.toApache), cell('kfake'), ratioInWords(row.toKfake)],
    ...[aimInWords(row), String(row.rounds)],
  ];
  return `| ${cells.join(' | ')} |`;
}

function ratioInWords(ratio: Ratio | undefined): string {
  if (ratio === undefined) return '';
  return `${digits(ratio.median)} (${digits(ratio.least)} to ${digits(ratio.most)})`;
}

/** What was not measured is left out. */
function aimInWords(row: Row): string {
  const parts = judged(row).filter(({ met }) => met !== undefined);
  if (parts.length === 0) return '';
  const words = parts.map((part) => part.words).join(', ');
  return `${words}, ${row.met === true ? 'met' : '**missed**'}`;
}

/** Three significant digits. */
export function digits(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.max(0, Math.min(3, 2 - magnitude)));
}
