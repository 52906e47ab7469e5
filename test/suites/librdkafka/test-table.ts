/** One entry of the table of tests in librdkafka's `tests/test.c`. */
export interface TableEntry {
  /** Four digits; what `TESTS` selects by. Several entries may share it. */
  readonly number: string;
  readonly name: string;
  readonly flags: readonly string[];
  /** Configurations of a cluster that the test is for. */
  readonly scenarios: readonly string[];
}

/** Reads the table out of the text of `tests/test.c`. */
export function readTestTable(source: string): TableEntry[] {
  const table = source.slice(source.indexOf('struct test tests[] = {'));
  return [
    ...table.matchAll(/^ {4}_TEST\((\d{4})(\w*),\s*([\w| ]+)((?:[^;](?!^ {4}_TEST))*)/gm),
  ].map(([, number = '', rest = '', flags = '', others = '']) => ({
    number,
    name: number + rest,
    flags: flags.split('|').map((flag) => flag.trim()),
    scenarios: (/\.scenario = "([^"]*)"/.exec(others)?.[1] ?? 'default').split(','),
  }));
}

/** Needs no broker, needs a socket emulator that quick mode leaves out, or is only for people. */
const LEFT_OUT = ['TEST_F_LOCAL', 'TEST_F_SOCKEM', 'TEST_F_MANUAL'];

/** The tests of a scenario that need a broker, in the order of the table. */
export function entriesOf(scenario: string, table: readonly TableEntry[]): TableEntry[] {
  return table.filter(
    ({ name, flags, scenarios }) =>
      scenarios.includes(scenario) &&
      !flags.some((flag) => LEFT_OUT.includes(flag)) &&
      !name.endsWith('_mock'), // a broker of its own, whatever the flags say
  );
}

/** The functions of a test's source that are subtests: `SUBTESTS` can select each. */
export function subtestsOf(source: string): string[] {
  const functions = source.matchAll(/^(?:static )?void\s+(do_\w+)\([^)]*\) \{\n(.*?)^\}/gms);
  return [...functions]
    .filter(([, , body = '']) => /\bSUB_TEST(?:_QUICK)?\(/.test(body))
    .map(([, name = '']) => name);
}
