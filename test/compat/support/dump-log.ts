import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { startTool, type ToolResult, type ToolRunnerAddress } from './tool-runner.ts';

/** What kafka-dump-log is asked of each kind of file in a data directory. */
const QUESTIONS: readonly {
  readonly files: (path: string) => boolean;
  readonly flags: readonly string[];
}[] = [
  { files: (path) => path.endsWith('.log'), flags: ['--deep-iteration', '--print-data-log'] },
  {
    files: (path) => path.endsWith('.log') && topicOf(path) === '__consumer_offsets',
    flags: ['--offsets-decoder'],
  },
  {
    files: (path) =>
      topicOf(path) === '__cluster_metadata' &&
      (path.endsWith('.log') || path.endsWith('.checkpoint')),
    flags: ['--cluster-metadata-decoder', '--skip-record-metadata'],
  },
  {
    files: (path) => path.endsWith('.index') || path.endsWith('.timeindex'),
    flags: ['--index-sanity-check'],
  },
  { files: (path) => path.endsWith('.index') || path.endsWith('.timeindex'), flags: [] },
  { files: (path) => path.endsWith('.txnindex') || path.endsWith('.snapshot'), flags: [] },
];

/** A gap between offsets. The tool reports one, from -1, in every segment that does not begin at offset 0, too. */
const GAP = /^\s*(?!-1 )\d+ is followed by \d+/;
/** Signs of something wrong in what kafka-dump-log prints, as it exits with 0 all the same. */
const COMPLAINTS =
  /isvalid: false|Found timestamp mismatch|Mismatches in|are not found in|Index offset mismatch|out of order timestamp|Could not deserialize|Exception|Failed to|invalid|corrupt|trailing bytes/i;

export interface Dump {
  readonly file: string;
  readonly flags: readonly string[];
  readonly result: ToolResult;
  /** The lines that complain, or how it ended; empty when nothing is wrong. */
  readonly complaints: readonly string[];
}

/** Has Apache's kafka-dump-log read every file of data directories whose broker has stopped. */
export async function dumpAll(
  runner: ToolRunnerAddress,
  dataFolders: readonly string[],
): Promise<Dump[]> {
  const files = dataFolders.flatMap(filesBelow).sort();
  const dumps: Dump[] = [];
  for (const { files: matches, flags } of QUESTIONS) {
    for (const file of files.filter(matches)) {
      const { result } = startTool(runner, 'kafka-dump-log', [...flags, '--files', file]);
      const dump = await result;
      dumps.push({ file, flags, result: dump, complaints: complaints(dump) });
    }
  }
  return dumps;
}

function complaints({ exitCode, stdout, stderr }: ToolResult): string[] {
  const lines = `${stdout}\n${stderr}`
    .split('\n')
    .map((line) => line.replace(/ (payload|key): .*/, '')) // records may say what they like
    .filter((line) => COMPLAINTS.test(line) || GAP.test(line));
  return exitCode === 0 ? lines : [`exit code ${exitCode}`, stderr, ...lines];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function topicOf(path: string): string {
  return basename(dirname(path)).replace(/-\d+$/, '');
}
