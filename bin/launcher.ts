#!/usr/bin/env node
/*
 * Runs the program with what V8 has compiled of it before: to compile it anew takes a third of a start.
 * That is kept beside the program, for one version of V8, by the build; where there is none for this
 * version, a broker that has run for some seconds keeps its own.
 *
 * Whoever may write there may change the program itself.
 */
import { accessSync, constants as modes, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, Script } from 'node:vm';

/** Its file is named by its content, so that nothing that was kept of another one is taken for it. */
declare const PROGRAM: string;

const keptAfterMs = 3000;
const folder = join(__dirname, '../program');
const path = join(folder, PROGRAM);
const keptPath = `${path}.${process.versions.v8}.cache`;

type Program = (
  exports: object,
  require: NodeJS.Require,
  module: object,
  file: string,
  folder: string,
) => void;

function main(): void {
  const source = readFileSync(path, 'latin1'); // ASCII, as esbuild writes it
  const kept = contentOf(keptPath);
  // On one line, so that lines are those of the file.
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) { ${source}\n})`,
    {
      filename: path,
      ...(kept === undefined ? {} : { cachedData: kept }),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    },
  );
  const module = { exports: {} };
  (script.runInThisContext() as Program)(module.exports, require, module, path, folder);
  if (kept === undefined && isWritable(folder)) {
    setTimeout(() => void keep(script), keptAfterMs).unref();
  }
}

/** Whole or not at all. Where that cannot be, the next start compiles again. */
async function keep(script: Script): Promise<void> {
  const beside = `${keptPath}.${process.pid}`;
  try {
    await writeFile(beside, script.createCachedData(), { flush: true });
    await rename(beside, keptPath);
  } catch {
    return;
  }
}

function contentOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, modes.W_OK);
    return true;
  } catch {
    return false;
  }
}

main();
