import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

/** What one run of kafka-dump-log says of one file. */
export interface Dump {
  readonly file: string;
  readonly flags: readonly string[];
  /** The lines that complain, or how it ended; empty when nothing is wrong. */
  readonly complaints: readonly string[];
}

/** So many files are given to one run. */
const FILES_PER_RUN = 50;

/** Has Apache's kafka-dump-log read every file of data directories whose broker has stopped. */
export async function dumpAll(
  runner: ToolRunnerAddress,
  dataFolders: readonly string[],
): Promise<Dump[]> {
  const files = dataFolders.flatMap(filesBelow).sort();
  const dumps: Dump[] = [];
  for (const { files: matches, flags } of QUESTIONS) {
    const asked = files.filter(matches);
    while (asked.length > 0) {
      const some = asked.splice(0, FILES_PER_RUN);
      const tool = startTool(runner, 'kafka-dump-log', [...flags, '--files', some.join()]);
      dumps.push(...read(some, flags, await tool.result));
    }
  }
  return dumps;
}

/** It says of each file that it dumps it now, and names those with mismatches once more at the end. */
function read(files: readonly string[], flags: readonly string[], result: ToolResult): Dump[] {
  const { exitCode, stdout, stderr } = result;
  const complaints = new Map<string, string[]>();
  let file = '';
  for (const line of `${stdout}\n${stderr}`.split('\n')) {
    file = files.find((each) => line.endsWith(each)) ?? file;
    if (line === `Dumping ${file}`) complaints.set(file, []);
    else if (isComplaint(line, file)) complaints.get(file)?.push(line);
  }
  return files.map((each) => ({
    file: each,
    flags,
    // Where it stopped in the middle, the files behind were not read.
    complaints: complaints.get(each) ?? [`not read: exit code ${exitCode}`, stderr.slice(0, 500)],
  }));
}

function isComplaint(line: string, file: string): boolean {
  const facts = line.replace(/ (payload|key): .*/, ''); // records may say what they like
  return COMPLAINTS.test(facts) || (GAP.test(facts) && !isCleaned(file));
}

/** Whether the log was compacted: its offsets have gaps then. */
function isCleaned(file: string): boolean {
  const checkpoint = join(dirname(dirname(file)), 'cleaner-offset-checkpoint');
  if (!existsSync(checkpoint)) return false;
  const folder = basename(dirname(file)).replace(/-(?=\d+$)/, ' ');
  const lines = readFileSync(checkpoint, 'utf8').split('\n');
  return lines.some((line) => line.startsWith(`${folder} `));
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'output.log') // what the broker printed
    .map((entry) => join(entry.parentPath, entry.name));
}

function topicOf(path: string): string {
  return basename(dirname(path)).replace(/-\d+$/, '');
}
