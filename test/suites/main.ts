/*
 * Runs somebody else's test suite against a broker: `npm run test:suite -- SUITE [options]`. README.md beside this file
 * says how to read what comes out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheFolder } from '../../scripts/apache-kafka/jars.ts';
import { CSV_HEADER, csvLine, readCsv } from './frame/csv.ts';
import { readExpected, score, type Baseline } from './frame/score.ts';
import { startFor, startable, type Startable } from './frame/start.ts';
import type { Suite, SuiteSource, TestResult } from './frame/suite.ts';
import { summary } from './frame/summary.ts';
import { franzGo } from './franz-go/franz-go.ts';
import { kafkajs } from './kafkajs/kafkajs.ts';
import { nodeRdkafka } from './node-rdkafka/node-rdkafka.ts';
import { librdkafka, librdkafkaNoAutoCreate, librdkafkaShare } from './librdkafka/librdkafka.ts';
import { platformatic } from './platformatic/platformatic.ts';

const suites: readonly Suite[] = [
  librdkafka,
  librdkafkaNoAutoCreate,
  librdkafkaShare,
  nodeRdkafka,
  franzGo,
  kafkajs,
  platformatic,
];

const usage = `npm run test:suite -- SUITE [options]

  SUITE                  ${suites.map(({ name }) => name).join(', ')}
  --bootstrap ADDRESS    the broker, or brokers, to test: host:port,host:port
  --start BROKER         starts one for the run instead: ${startable.join(', ')}
  --results A,B          runs nothing: the results are in these files, of a run in parts
  --set NAME=VALUE       one more Kafka property of the started broker; may be repeated
  --only A,B             only tests whose names begin so
  --timeout SECONDS      how long one test may take, or one file where the suite runs whole files
  --csv FILE             writes the results there as well
  --save NAME            writes them as this suite's baseline: apache or nothing
  --source FOLDER        takes the suite's repository from this folder, not from its public address
  --rebuild              fetches and builds the suite anew
  --keep FOLDER          where outputs of tests go; else a temporary folder, removed when all is well

Exit code 1 when a test did not pass that passes on Apache Kafka and is not in the suite's list of expected failures.
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      bootstrap: { type: 'string' },
      start: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      only: { type: 'string' },
      timeout: { type: 'string' },
      results: { type: 'string' },
      csv: { type: 'string' },
      save: { type: 'string' },
      keep: { type: 'string' },
      source: { type: 'string' },
      rebuild: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const suite = suites.find(({ name }) => name === positionals[0]);
  if (values.help || suite === undefined || positionals.length !== 1) {
    console.log(usage);
    if (!values.help) process.exitCode = 2;
    return;
  }
  const only = values.only?.split(',');
  const wants = (test: string) => only?.some((start) => test.startsWith(start)) ?? true;
  const scratch = values.keep ?? (await mkdtemp(join(tmpdir(), `suite-${suite.name}-`)));
  await mkdir(scratch, { recursive: true });
  const results =
    values.results === undefined
      ? await runSuite(suite, wants, scratch, values)
      : values.results.split(',').flatMap((file) => readCsv(readFileSync(file, 'utf8')));
  if (values.csv !== undefined) await writeFile(values.csv, csvText(suite.name, results));
  if (values.save !== undefined) {
    await writeFile(baselineFile(suite, values.save), csvText(suite.name, inOrder(results)));
  }
  const outcome = score(results, readBaseline(suite), wants);
  console.error(summary(suite.name, results, outcome));
  const isGood = outcome.unexplained.length === 0;
  const hasOutputs = values.keep !== undefined || (!isGood && values.results === undefined);
  if (hasOutputs) console.error(`outputs: ${scratch}`);
  else await rm(scratch, { recursive: true, force: true });
  process.exitCode = isGood ? 0 : 1;
}

interface RunOptions {
  readonly bootstrap?: string;
  readonly start?: string;
  readonly set: readonly string[];
  readonly timeout?: string;
  readonly source?: string;
  readonly rebuild: boolean;
}

/** Runs a suite and prints each result as it comes. */
async function runSuite(
  suite: Suite,
  wants: (test: string) => boolean,
  scratch: string,
  options: RunOptions,
): Promise<TestResult[]> {
  const suiteFolder = await prepared(suite.source, options.rebuild, options.source);
  const broker = await startFor(suite.broker, {
    bootstrap: options.bootstrap,
    start: startableNamed(options.start),
    settings: Object.fromEntries(options.set.map(property)),
    folder: scratch,
  });
  const results: TestResult[] = [];
  console.log(CSV_HEADER);
  try {
    await suite.run({
      bootstrapServers: broker.bootstrapServers,
      suiteFolder,
      scratch,
      testTimeoutMs: options.timeout === undefined ? undefined : Number(options.timeout) * 1000,
      wants,
      report: (told) => {
        // A baseline is kept: where the suite lies on this machine is no part of it.
        const result = { ...told, note: told.note.replaceAll(suiteFolder, suite.source.name) };
        results.push(result);
        console.log(csvLine(suite.name, result));
      },
    });
  } finally {
    await broker.close();
  }
  return results;
}

function csvText(suite: string, results: readonly TestResult[]): string {
  return [CSV_HEADER, ...results.map((one) => csvLine(suite, one)), ''].join('\n');
}

/** So that a baseline that is written anew differs where a verdict does. */
function inOrder(results: readonly TestResult[]): TestResult[] {
  return [...results].sort((one, other) => (one.test < other.test ? -1 : 1));
}

/** Fetches and builds into the cache, unless this version is there. */
async function prepared(source: SuiteSource, anew: boolean, from?: string): Promise<string> {
  const folder = join(cacheFolder(), `suite-${source.name}-${source.version}`);
  const complete = join(folder, 'complete');
  if (existsSync(complete) && !anew) return folder;
  console.error(`fetching and building ${source.name} ${source.version} in ${folder}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await source.prepare(folder, from);
  await writeFile(complete, '');
  return folder;
}

function readBaseline(suite: Suite): Baseline {
  return {
    apache: readIfThere(baselineFile(suite, 'apache'), readCsv),
    nothing: readIfThere(baselineFile(suite, 'nothing'), readCsv),
    expected: readIfThere(baselineFile(suite, 'expected'), readExpected),
  };
}

function readIfThere<T>(file: string, read: (text: string) => T[]): T[] {
  return existsSync(file) ? read(readFileSync(file, 'utf8')) : [];
}

function baselineFile(suite: Suite, name: string): string {
  return join(process.cwd(), 'test/suites', suite.source.name, `${suite.name}.${name}.csv`);
}

function startableNamed(name: string | undefined): Startable | undefined {
  if (name === undefined) return undefined;
  const found = startable.find((one) => one === name);
  if (found === undefined) throw new Error(`no broker ${name} to start\n\n${usage}`);
  return found;
}

function property(text: string): [string, string] {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new Error(`not NAME=VALUE: ${text}`);
  return [name, value];
}

main().then(
  () => process.exit(), // a suite may leave something behind that would wait
  (error: unknown) => {
    console.error(error);
    process.exit(2);
  },
);
