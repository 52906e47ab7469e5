import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = process.cwd();

/** The program that `npm start` starts. */
export const builtOdradek = join(repository, 'dist/bin/odradek.js');

/** Builds when the sources are newer than what was built, so that the suite never tests something old. */
export async function buildOdradek(): Promise<void> {
  if (existsSync(builtOdradek)) {
    const built = statSync(builtOdradek).mtimeMs;
    const sources = ['src', 'bin'].map((folder) => newest(join(repository, folder)));
    if (Math.max(...sources) < built) return;
  }
  await run('npm', ['run', 'build'], { cwd: repository });
}

/** The latest change of any file below a folder, in ms. */
function newest(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs)
    .reduce((a, b) => Math.max(a, b), 0);
}
