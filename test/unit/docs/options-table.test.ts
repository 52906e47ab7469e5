import { expect, it } from '@jest/globals';
import { help } from '../../../bin/command-line.ts';
import { section, tableRows } from '../../support/readme.ts';

/** `--port N`, as it stands in the help and in README.md. */
const option = /--[a-z-]+(?: [A-Z=]+)?/g;

it('README.md has the options that --help has, with the same names for what they take', () => {
  const inHelp = help.split('\n').flatMap((line) => {
    const [written] = /^ {2}--.*?(?= {2})/.exec(line) ?? [];
    return written?.match(option) ?? [];
  });
  const rows = tableRows(section('Run it'));
  const inReadme = rows.flatMap(([cell]) => cell?.match(option) ?? []);
  expect(inReadme.sort()).toEqual(inHelp.sort());
  expect(inHelp).toContain('--override K=V');
});
