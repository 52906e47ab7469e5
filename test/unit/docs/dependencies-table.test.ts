import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { repository, tableRows } from '../../support/readme.ts';

const read = (file: string): string => readFileSync(join(repository, file), 'utf8');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

it('ARCHITECTURE.md gives a reason for each runtime dependency, and for nothing else', () => {
  const { dependencies, optionalDependencies } = JSON.parse(read('package.json')) as Manifest;
  const [, part = ''] = read('ARCHITECTURE.md').split('## Runtime dependencies\n');
  const rows = tableRows(part);
  const named = rows.flatMap(([names = '']) => names.match(/[^`]+(?=`(?:,| |$))/g) ?? []);
  const runtime = Object.keys({ ...dependencies, ...optionalDependencies });
  expect(named.sort()).toEqual(runtime.sort());
  expect(rows.filter(([, reason = '']) => reason.length < 10)).toEqual([]);
});
