/**
 * Makes `dist`: declarations by tsc, and the front door and the library, each with what it needs in
 * few files. Loading hundreds of small modules would take longer than all else of a start. What is
 * loaded only when needed (`import()`) is a file of its own.
 *
 * The library is there as CommonJS, too: jest's own module loader cannot `require` an ES module.
 */
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { build, type BuildOptions } from 'esbuild';

const run = promisify(execFile);
/** Takes the place of `dist` when all is there. */
const unfinished = `node_modules/.cache/odradek-build-${process.pid}`;

async function main(): Promise<void> {
  await mkdir('node_modules/.cache', { recursive: true });
  try {
    await declarations();
    await bundle();
    await rm('dist', { recursive: true, force: true });
    await rename(unfinished, 'dist');
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

async function bundle(): Promise<void> {
  await build({
    ...common,
    entryPoints: ['bin/odradek.ts', `${library}.ts`],
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
  });
  await build({ ...common, entryPoints: threads, format: 'esm' });
  await build({
    ...common,
    entryPoints: [`${library}.ts`],
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': 'moduleUrl' },
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
