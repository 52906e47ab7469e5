import { verdicts, type TestResult, type Verdict } from './suite.ts';

export const CSV_HEADER = 'suite,test,verdict,seconds,note';

/** One line, without its end. */
export function csvLine(suite: string, result: TestResult): string {
  const { test, verdict, seconds, note } = result;
  return [suite, test, verdict, seconds.toFixed(1), note].map(quoted).join(',');
}

/** The results that a text of `csvLine`s holds, under their header. */
export function readCsv(text: string): TestResult[] {
  const [header, ...lines] = text.trimEnd().split('\n');
  if (header !== CSV_HEADER) throw new Error(`not a CSV of results: ${header ?? ''}`);
  return lines.map((line) => {
    const [, test = '', verdict = '', seconds = '', note = ''] = csvFields(line);
    if (!isVerdict(verdict)) throw new Error(`no verdict in: ${line}`);
    return { test, verdict, seconds: Number(seconds), note };
  });
}

/** The fields of one line; a quoted field may hold commas and doubled quotes. */
export function csvFields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quotedText, plain = '']) => quotedText?.replaceAll('""', '"') ?? plain,
  );
}

function quoted(field: string): string {
  const line = field.replaceAll(/\s+/g, ' ').trim();
  return /[",]/.test(line) ? `"${line.replaceAll('"', '""')}"` : line;
}

function isVerdict(word: string): word is Verdict {
  return (verdicts as readonly string[]).includes(word);
}
