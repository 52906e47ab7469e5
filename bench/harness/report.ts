import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
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

/** Writes the table of all workloads: of each the newest report that is whole and in full size. */
export async function writeTable(
  file: string,
  folder: string,
  workloads: readonly Workload[],
): Promise<void> {
  const reports = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Report)
    .filter(({ size, isPart }) => size === 'full' && !isPart);
  const newest = new Map(reports.map((report) => [report.name, report]));
  const machines = new Set([...newest.values()].map(({ machine }) => machine));
  const parts = workloads.map((workload) => section(workload, newest.get(workload.name)));
  const text = [
    '# Benchmarks',
    'Written by `npm run bench -- --write`; `bench/README.md` says how to read it. Ratios are Odradek through the other' +
      ' broker, `*` marks a broker with which the client was the narrow place.',
    `Machine: ${[...machines].join('; ')}.`,
    ...parts,
  ];
  const options = { ...(await resolveConfig(file)), filepath: file };
  writeFileSync(file, await format(text.join('\n\n'), options));
}

function section({ number, title }: Workload, report: Report | undefined): string {
  const heading = `## ${number}. ${title[0]?.toUpperCase() ?? ''}${title.slice(1)}`;
  if (report === undefined) return `${heading}\n\nNot measured.`;
  const when = `${report.began.slice(0, 16).replace('T', ' ')} UTC, load ${report.loadBefore} before.`;
  return `${heading}\n\n${when}\n\n${markdown(report.rows)}`;
}
