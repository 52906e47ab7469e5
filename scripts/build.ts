/**
 * Makes `dist`: declarations by tsc, and the front door and the library, each with what it needs in few files. Loading
 * hundreds of small modules would take longer than all else of a start. What is loaded only when needed (`import()`) is
 * a file of its own.
 */
import { execFile } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { build } from 'esbuild';

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

async function bundle(): Promise<void> {
  await build({
    entryPoints: ['bin/odradek.ts', 'src/broker/start-broker.ts'],
    outbase: '.',
    outdir: unfinished,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
