import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { buildOdradek } from '../compat/support/built-odradek.ts';
import { repository } from '../support/readme.ts';

const run = promisify(execFile);
const { version } = createRequire(__filename)(join(repository, 'package.json')) as {
  version: string;
};

// Each of these tests starts processes.
jest.setTimeout(60_000);

/** A copy of what was built, with nothing compiled beside it. */
let folder = '';
let file = '';

beforeAll(async () => {
  await buildOdradek();
  folder = mkdtempSync(join(tmpdir(), 'odradek-launcher-'));
  for (const part of ['dist', 'package.json']) {
    cpSync(join(repository, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const [kept = ''] = caches();
  file = join(folder, 'dist/program', kept);
});

beforeEach(() => rmSync(file, { force: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const caches = (): string[] =>
  readdirSync(join(folder, 'dist/program')).filter((name) => name.endsWith('.cache'));

/** Says of the first script what became of what was kept for it. */
const witness = `
const vm = require('node:vm');
vm.Script = class extends vm.Script {
  constructor(...given) {
    super(...given);
    console.log('rejected:', this.cachedDataRejected);
  }
};
`;

async function firstLines(...nodeOptions: string[]): Promise<string[]> {
  const preload = join(folder, 'witness.cjs');
  writeFileSync(preload, witness);
  const program = join(folder, 'dist/bin/odradek.js');
  const args = [...nodeOptions, '--require', preload, program, '--version'];
  return (await run(process.execPath, args)).stdout.trim().split('\n');
}

it('comes from the build with what this version of V8 compiles', () => {
  expect(file).toContain(process.versions.v8);
});

it('keeps what was compiled where there is nothing yet, and uses it', async () => {
  expect(await firstLines()).toEqual(['rejected: undefined', version]);
  expect(caches()).toEqual([]);
  const args = [join(folder, 'dist/bin/odradek.js'), '--port', '0', '--data', join(folder, 'data')];
  const broker = spawn(process.execPath, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => broker.once('exit', resolve));
  while (caches().length === 0 && broker.exitCode === null) await pause(50);
  broker.kill();
  await ended;
  expect(await firstLines()).toEqual(['rejected: false', version]);
});

it('runs all the same where what is kept is none, or of other flags of V8', async () => {
  writeFileSync(file, 'no compiled code');
  expect(await firstLines()).toEqual(['rejected: true', version]);
  cpSync(join(repository, 'dist'), join(folder, 'dist'), { recursive: true });
  expect(await firstLines()).toEqual(['rejected: false', version]);
  expect(await firstLines('--no-opt')).toEqual(['rejected: true', version]);
});
