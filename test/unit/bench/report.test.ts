import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveReport, withNewest, withTables, type Report } from '../../../bench/harness/report.ts';
import type { Workload } from '../../../bench/harness/workload.ts';

const workload = (number: number, name: string): Workload => ({
  ...{ number, name, title: `what ${name} does`, cases: () => [] },
});
const produce = workload(1, 'produce');
const consume = workload(2, 'consume');
const both = [produce, consume];

const report = (name: string, facts: Partial<Report> = {}): Report => ({
  ...{ machine: '2 x Fast', loadBefore: 1, began: '2026-01-02T03:04:05.678Z', name, size: 'full' },
  isPart: false,
  rows: [
    {
      ...{ workload: name, case: 'all', figure: 'seconds', aim: {}, rounds: 5 },
      ...{ medians: { odradek: 1.5, apache: 3 }, clientBound: [], met: undefined },
    },
  ],
  samples: [],
  ...facts,
});

const top = '# Benchmarks\n\nMeasured in spring.\n\nMachine: 2 x Fast.\n\n';
const old = (number: number) => `## ${number}. Old heading\n\nold figures of ${number}\n\n`;
const others = '## Remarks\n\nold remarks\n\n## More remarks\n\n';
const of = (...reports: Report[]) => new Map(reports.map((one) => [one.name, one]));

describe('BENCHMARKS.md', () => {
  it('has a new table where there is a report, and is kept as it is elsewhere', () => {
    const text = withTables(top + old(1) + old(2) + others, both, of(report('consume')));
    expect(text.startsWith(`${top}${old(1)}## 2. What consume does\n\n2026-01-02 03:04 UTC`)).toBe(
      true,
    );
    expect(text).not.toContain('old figures of 2');
    expect(text).toContain('| consume | all | seconds | 1.50 | 3.00 |');
    expect(text.endsWith(others)).toBe(true);
  });

  it('has a table that is new to it in its place', () => {
    const text = withTables(top + old(2), both, of(report('produce')));
    expect(text.match(/^## .*/gm)).toEqual(['## 1. What produce does', '## 2. Old heading']);
  });

  it('begins with what it says above its tables when there is none yet', () => {
    expect(withTables('', both, of(report('produce')))).toMatch(
      /^# Benchmarks\n\nWritten by .*\n\nMachine: 2 x Fast\.\n\n## 1\. /,
    );
  });

  it('names the machine over a table of another one', () => {
    const text = withTables(top, both, of(report('produce', { machine: '4 x Slow' })));
    expect(text).toContain('UTC, load 1 before, on 4 x Slow.');
    expect(withTables(top, both, of(report('produce')))).toContain('UTC, load 1 before.');
  });
});

describe('what is written into it', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'odradek-reports-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (workloads = both) => withNewest(top + old(1) + old(2), folder, workloads);

  it('is the newest whole report of each, and the others are told with the reason', () => {
    saveReport(folder, report('produce', { began: '2026-01-01T00:00:00.000Z' }));
    saveReport(folder, report('produce'));
    saveReport(folder, report('produce', { began: '2026-01-03T00:00:00.000Z', size: 'quick' }));
    saveReport(folder, report('produce', { began: '2026-01-04T00:00:00.000Z', isPart: true }));
    saveReport(folder, report('produce', { began: '2026-01-05T00:00:00.000Z', rows: [] }));
    const [row] = report('produce').rows;
    const rows = row === undefined ? [] : [{ ...row, medians: { odradek: 1 } }];
    saveReport(folder, report('produce', { began: '2026-01-06T00:00:00.000Z', rows }));
    const { text, words } = write();
    expect(words.split('\n').slice(1)).toEqual([
      '  produce, of 2026-01-02T03:04:05.678Z',
      'Left out:',
      '  produce-2026-01-01T00-00-00-000Z.json: there is a newer one',
      '  produce-2026-01-03T00-00-00-000Z.json: of small sizes (--quick)',
      '  produce-2026-01-04T00-00-00-000Z.json: of some cases only, of fewer than 5 rounds, or a profile',
      '  produce-2026-01-05T00-00-00-000Z.json: nothing was measured',
      '  produce-2026-01-06T00-00-00-000Z.json: of Odradek alone',
      'No report of consume.',
    ]);
    expect(text).toContain('2026-01-02 03:04 UTC');
    expect(text).toContain('old figures of 2');
  });

  it('is only of the workloads that are wanted', () => {
    saveReport(folder, report('produce'));
    saveReport(folder, report('consume'));
    const { text } = write([consume]);
    expect(text).toContain('old figures of 1');
    expect(text).not.toContain('old figures of 2');
  });

  it('is nothing, and an error, where no report will do', () => {
    saveReport(folder, report('produce', { isPart: true }));
    expect(() => write()).toThrow(/nothing is written: .*\n {2}produce-.*fewer than 5 rounds/);
    expect(() => withNewest('', join(folder, 'nowhere'), both)).toThrow('nowhere has no report');
  });
});
