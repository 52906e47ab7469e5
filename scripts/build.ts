/**
 * Makes `dist`: declarations by tsc, and the front door and the library, each with what it needs in
 * few files. Loading hundreds of small modules would take longer than all else of a start.
 *
 * The program behind the front door is one CommonJS file, with what V8 compiles of it at a start
 * (`bin/launcher.ts`). Of the library, what is loaded only when needed (`import()`) is a file of its own.
 * It is there as CommonJS, too: jest's own module loader cannot `require` an ES module.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { build, type BuildOptions } from 'esbuild';
import { Kafka, logLevel } from 'kafkajs';

const run = promisify(execFile);
/** Takes the place of `dist` when all is there. */
const unfinished = `node_modules/.cache/odradek-build-${process.pid}`;

async function main(): Promise<void> {
  await mkdir('node_modules/.cache', { recursive: true });
  try {
    await declarations();
    await frontDoor();
    await bundle();
    await rm('dist', { recursive: true, force: true });
    await rename(unfinished, 'dist');
    await compileAhead();
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function declarations(): Promise<void> {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'];
  try {
    await run(process.execPath, [...tsc, '--outDir', unfinished]);
  } catch (error) {
    console.error((error as { stdout?: string }).stdout); // where tsc says what is wrong
    throw error;
  }
}

const library = 'src/broker/start-broker';
/** Code of threads, named in the `imports` of package.json. */
const threads = ['src/storage/large-batches-thread.ts'];

const common = {
  outbase: '.',
  outdir: unfinished,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
} satisfies BuildOptions;

const commonJs = {
  format: 'cjs',
  banner: {
    js: `'use strict';\nconst moduleUrl = require('node:url').pathToFileURL(__filename).href;`,
  },
  define: { 'import.meta.url': 'moduleUrl' },
} satisfies BuildOptions;

async function frontDoor(): Promise<void> {
  const { metafile } = await build({
    ...common,
    ...commonJs,
    // What is compiled before cannot import: V8 forgets who would do it.
    supported: { 'dynamic-import': false },
    entryPoints: { 'program/odradek': 'bin/odradek.ts' },
    entryNames: '[dir]/[name]-[hash]',
    outExtension: { '.js': '.cjs' },
    metafile: true,
  });
  const [program = ''] = Object.keys(metafile.outputs);
  await build({
    ...common,
    entryPoints: { 'bin/odradek': 'bin/launcher.ts' },
    format: 'cjs',
    define: { PROGRAM: JSON.stringify(basename(program)) },
  });
  // What it runs has the package's own scope: it asks for `imports` of package.json.
  await writeFile(`${unfinished}/bin/package.json`, '{ "type": "commonjs" }\n');
}

/** Half a minute for what takes three seconds. */
const waitMs = 50;
const mostWaits = 600;

/** Lets a broker start, serve a client and keep what V8 compiled for that. */
async function compileAhead(): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'odradek-build-'));
  const args = ['dist/bin/odradek.js', '--port', '0', '--data', data];
  // Nothing of this shell may change its properties, or the flags that V8 compiles for.
  const env = { PATH: process.env['PATH'] };
  const broker = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => broker.once('exit', resolve));
  process.once('exit', () => broker.kill('SIGKILL'));
  try {
    await serveOne(await addressOf(broker.stdout));
    for (let waits = 0; !(await isCompiled()); waits++) {
      const isOver = broker.exitCode !== null || broker.signalCode !== null;
      if (isOver || waits === mostWaits) throw new Error('the broker keeps nothing compiled');
      await pause(waitMs);
    }
  } finally {
    broker.kill();
    await ended;
    await rm(data, { recursive: true, force: true });
  }
}

async function isCompiled(): Promise<boolean> {
  return (await readdir('dist/program')).some((name) => name.endsWith('.cache'));
}

async function addressOf(output: Readable): Promise<string> {
  let text = '';
  for await (const chunk of output) {
    text += String(chunk);
    const [, address] = /bootstrap server +(\S+)\n/.exec(text) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error(`the broker did not start: ${text}`);
}

async function serveOne(broker: string): Promise<void> {
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: 'first', messages: [{ value: 'hello' }] });
  await producer.disconnect();
}

async function bundle(): Promise<void> {
  await build({
    ...common,
    entryPoints: [`${library}.ts`],
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
  });
  await build({ ...common, entryPoints: threads, format: 'esm' });
  await build({
    ...common,
    ...commonJs,
    entryPoints: [`${library}.ts`],
    outExtension: { '.js': '.cjs' },
  });
  await writeFile(`${unfinished}/${library}.d.cts`, declarationsForCommonJs);
}

/** The types are those of the ES module. */
const declarationsForCommonJs = `\
export type * from './start-broker.js' with { 'resolution-mode': 'import' };
export declare const startBroker: typeof import('./start-broker.js', { with: { 'resolution-mode': 'import' } }).startBroker;
`;

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
