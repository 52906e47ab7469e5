#!/usr/bin/env node
/*
 * Runs the program with what V8 has compiled of it before: to compile it anew takes a third of a start.
 * That is kept beside the program, for one build of Node and one set of V8's flags, by the build; where
 * there is none for these, a broker that has run for some seconds keeps its own.
 *
 * Whoever may write there may change the program itself.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants as modes, readFileSync, statSync } from 'node:fs';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';

/** Its file is named by its content, so that nothing that was kept of another one is taken for it. */
declare const PROGRAM: string;

const keptAfterMs = 3000;
const folder = join(__dirname, '../program');
const path = join(folder, PROGRAM);
const builds = [process.version, process.platform, process.arch, statSync(process.execPath).size];
const keptPath = `${path}.${[...builds, cachedDataVersionTag()].join('-')}.cache`;
const digestBytes = 32;
/** For so many builds of Node and sets of flags; what was written longest ago is compiled anew when it is wanted. */
const mostKept = 8;
/** Commands that are over soon, and would keep what a broker does not need. */
const others = ['check', 'dump', 'format'];

type Program = (
  exports: object,
  require: NodeJS.Require,
  module: object,
  file: string,
  folder: string,
) => void;

function main(): void {
  const source = readFileSync(path, 'utf8');
  const kept = keptCode();
  // On one line, so that lines are those of the file.
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) { ${source}\n})`,
    {
      filename: path,
      ...(kept === undefined ? {} : { cachedData: kept }),
    },
  );
  const module = { exports: {} };
  (script.runInThisContext() as Program)(module.exports, require, module, path, folder);
  const isMissing = kept === undefined || script.cachedDataRejected === true;
  if (isMissing && !others.includes(process.argv[2] ?? '') && isWritable(folder)) {
    setTimeout(() => void keep(script), keptAfterMs).unref();
  }
}

/** Whole or not at all. Where that cannot be, the next start compiles again. */
async function keep(script: Script): Promise<void> {
  const beside = `${keptPath}.${process.pid}-${process.hrtime.bigint()}`;
  try {
    await makeRoom();
    const code = script.createCachedData();
    const content = Buffer.concat([digestOf(code), code]);
    await writeFile(beside, content, { flag: 'wx', flush: true });
    await rename(beside, keptPath);
  } catch {
    await rm(beside, { force: true }).catch(() => undefined);
  }
}

/** For one more; what killed processes left unfinished goes in time, too. */
async function makeRoom(): Promise<void> {
  const kept: { readonly file: string; readonly writtenMs: number }[] = [];
  for (const name of await readdir(folder)) {
    if (!name.includes('.cache')) continue;
    const file = join(folder, name);
    const found = await stat(file).catch(() => undefined); // others make room, too
    if (found !== undefined) kept.push({ file, writtenMs: found.mtimeMs });
  }
  kept.sort((a, b) => b.writtenMs - a.writtenMs);
  for (const { file } of kept.slice(mostKept - 1)) await rm(file, { force: true });
}

/** V8 believes what it is given: what is not as it was written must not reach it. */
function keptCode(): Buffer | undefined {
  let content: Buffer;
  try {
    content = readFileSync(keptPath);
  } catch {
    return undefined; // nothing is kept yet
  }
  const code = content.subarray(digestBytes);
  return content.subarray(0, digestBytes).equals(digestOf(code)) ? code : undefined;
}

function digestOf(code: Buffer): Buffer {
  return createHash('sha256').update(code).digest();
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
