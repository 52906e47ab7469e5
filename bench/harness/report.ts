import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableRounds } from './command-line.ts';
import type { Workload } from './workload.ts';
import { markdown, type Row } from './table.ts';

/** What a run of one workload leaves behind. */
export interface Report {
  readonly machine: string;
  /** Load of the machine when it began. */
  readonly loadBefore: number;
  /** ISO 8601. */
  readonly began: string;
  readonly name: string;
  readonly size: string;
  /** A profile, some cases only, or fewer rounds than a table is made of. */
  readonly isPart: boolean;
  readonly rows: readonly Row[];
  readonly samples: readonly unknown[];
}

export function saveReport(folder: string, report: Report): void {
  const stamp = report.began.replaceAll(/[:.]/g, '-');
  const file = join(folder, `${report.name}-${stamp}.json`);
  writeFileSync(file, JSON.stringify(report, null, 2));
}

/**
 * The text with the newest reports that a table can be made of in the place of the tables that it
 * has of these workloads; the rest of it stays.
 *
 * @returns        besides, what is new and what was left out, in words
 * @throws {Error} there is no such report
 */
export function withNewest(old: string, folder: string, workloads: readonly Workload[]) {
  const { newest, leftOut } = sorted(reportsIn(folder, workloads));
  const without = workloads.filter(({ name }) => !newest.has(name));
  if (without.length === workloads.length) {
    const reason = `nothing is written: ${folder} has no report that a table can be made of`;
    throw new Error([reason, ...leftOut].join('\n  '));
  }
  const words = [
    'new tables; what stands above them was not changed, look whether it is still true',
    ...[...newest.values()].map(({ name, began }) => `  ${name}, of ${began}`),
    ...(leftOut.length > 0 ? ['Left out:', ...leftOut.map((line) => `  ${line}`)] : []),
    ...without.map(({ name }) => `No report of ${name}.`),
  ];
  return { text: withTables(old, workloads, newest), words: words.join('\n') };
}

interface Found {
  readonly fileName: string;
  readonly report: Report;
}

/** The oldest first. */
function reportsIn(folder: string, workloads: readonly Workload[]): Found[] {
  return (existsSync(folder) ? readdirSync(folder) : [])
    .filter((fileName) => fileName.endsWith('.json'))
    .map((fileName) => {
      const report = JSON.parse(readFileSync(join(folder, fileName), 'utf8')) as Report;
      return { fileName, report };
    })
    .filter(({ report }) => workloads.some(({ name }) => name === report.name))
    .sort((one, other) => (one.report.began < other.report.began ? -1 : 1));
}

function sorted(found: readonly Found[]) {
  const newest = new Map<string, Report>();
  for (const { report } of found) if (whyNot(report) === null) newest.set(report.name, report);
  const leftOut = found
    .filter(({ report }) => newest.get(report.name) !== report)
    .map(({ fileName, report }) => `${fileName}: ${whyNot(report) ?? 'there is a newer one'}`);
  return { newest, leftOut };
}

/** Why no table is made of a report, or null. */
function whyNot({ size, isPart, rows }: Report): string | null {
  if (size !== 'full') return 'of small sizes (--quick)';
  if (isPart) return `of some cases only, of fewer than ${tableRounds} rounds, or a profile`;
  if (rows.length === 0) return 'nothing was measured';
  return rows.every(({ medians }) => medians.apache === undefined) ? 'of Odradek alone' : null;
}

const head =
  '# Benchmarks\n\n' +
  'Written by `npm run bench -- --write`; `bench/README.md` says how to read it. Ratios are Odradek through the other' +
  ' broker, `*` marks a broker with which the client was the narrow place.\n\n';

/**
 * The text with other tables: each is under a heading, `## 1. Title`, that has its workload's number.
 *
 * @param text  empty: there is none yet
 */
export function withTables(
  text: string,
  workloads: readonly Workload[],
  newest: ReadonlyMap<string, Report>,
): string {
  const [top = '', ...old] = text.split(/^(?=## )/m);
  const [first] = newest.values();
  const begin = top.trim() === '' ? `${head}Machine: ${first?.machine ?? ''}.\n\n` : top;
  const sections = workloads.flatMap(({ number, name, title }) => {
    const report = newest.get(name);
    return report === undefined ? [] : [sectionOf(number, title, report, begin)];
  });
  const numbers = new Set(sections.map(numberOf));
  const kept = old.filter((section) => !numbers.has(numberOf(section)));
  const inOrder = [...kept, ...sections].sort((one, other) => numberOf(one) - numberOf(other));
  return begin + inOrder.join('');
}

/** Other headings are last. */
const numberOf = (section: string): number =>
  Number(/^## (\d+)\. /.exec(section)?.[1] ?? Number.MAX_VALUE);

/** @param above  what the reader knows already */
function sectionOf(number: number, title: string, report: Report, above: string): string {
  const { began, loadBefore, machine, rows } = report;
  const heading = `## ${number}. ${title[0]?.toUpperCase() ?? ''}${title.slice(1)}`;
  const where = above.includes(machine) ? '' : `, on ${machine}`;
  const when = `${began.slice(0, 16).replace('T', ' ')} UTC, load ${loadBefore} before${where}.`;
  return `${heading}\n\n${when}\n\n${markdown(rows)}\n\n`;
}
