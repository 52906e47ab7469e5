/**
 * Makes `dist`, but for the declarations (tsc): the front door and the library, each with what it
 * needs in few files. Loading hundreds of small modules would take longer than all else of a start.
 * What is loaded only when needed (`import()`) is a file of its own.
 */
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

async function main(): Promise<void> {
  await rm('dist', { recursive: true, force: true });
  await build({
    entryPoints: ['bin/odradek.ts', 'src/broker/start-broker.ts'],
    outbase: '.',
    outdir: 'dist',
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

void main();
