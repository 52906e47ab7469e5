import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { listTransactions } from '../../src/protocol/messages/list-transactions.ts';
import { buildOdradek, builtOdradek } from '../compat/support/built-odradek.ts';
import { RawClient } from '../support/raw-client.ts';
import { repository } from '../support/readme.ts';

const run = promisify(execFile);
const { version } = createRequire(__filename)(join(repository, 'package.json')) as {
  version: string;
};
/** Flags of V8 among these would be others than those of the build. */
const env = { PATH: process.env['PATH'] };

// Each of these tests starts processes, and the first may build.
jest.setTimeout(180_000);

/** A copy of what was built, with nothing compiled beside it. */
let folder = '';

beforeAll(async () => {
  await buildOdradek();
  folder = mkdtempSync(join(tmpdir(), 'odradek-launcher-'));
  for (const part of ['dist', 'package.json']) {
    cpSync(join(repository, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
});

beforeEach(() => {
  for (const file of compiled()) rmSync(file);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const compiled = (): string[] =>
  readdirSync(join(folder, 'dist/program'))
    .filter((name) => name.endsWith('.cache'))
    .map((name) => join(folder, 'dist/program', name));

/** Says whether the program was run with what was compiled before. */
const witness = `
const vm = require('node:vm');
vm.Script = class extends vm.Script {
  constructor(...given) {
    super(...given);
    console.log(this.cachedDataRejected === false ? 'compiled before' : 'compiled now');
  }
};
`;

async function firstLines(root: string, ...nodeOptions: string[]): Promise<string[]> {
  const preload = join(folder, 'witness.cjs');
  writeFileSync(preload, witness);
  const args = [...nodeOptions, '--require', preload, join(root, 'dist/bin/odradek.js')];
  return (await run(process.execPath, [...args, '--version'], { env })).stdout.trim().split('\n');
}

/** Lets a broker run until it has kept what was compiled. @returns that file */
async function compiledByBroker(...nodeOptions: string[]): Promise<string> {
  const options = ['--port', '0', '--data', join(folder, 'data')];
  const args = [...nodeOptions, join(folder, 'dist/bin/odradek.js'), ...options];
  const broker = spawn(process.execPath, args, { env, stdio: 'ignore' });
  const ended = new Promise((resolve) => broker.once('exit', resolve));
  const hasEnded = (): boolean => broker.exitCode !== null || broker.signalCode !== null;
  const before = new Set(compiled());
  const added = (): string | undefined => compiled().find((file) => !before.has(file));
  while (added() === undefined && !hasEnded()) await pause(50);
  broker.kill();
  await ended;
  return added() ?? 'nothing';
}

it('comes from the build with what V8 compiles of it', async () => {
  expect(await firstLines(repository)).toEqual(['compiled before', version]);
});

it('loads packages that are not part of the program, compiled before', async () => {
  const args = [builtOdradek, '--port', '0', '--data', join(folder, 'other')];
  const broker = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    let output = '';
    for await (const chunk of broker.stdout) {
      output += String(chunk);
      if (/bootstrap server +\S+\n/.test(output)) break;
    }
    const [, address = ''] = /bootstrap server +(\S+)\n/.exec(output) ?? [];
    const client = await RawClient.connect(address);
    // What the pattern is matched with is a package that is loaded then.
    const answer = await client.request(listTransactions, 2, {
      stateFilters: [],
      producerIdFilters: [],
      durationFilter: -1,
      transactionalIdPattern: 'a.*',
    });
    expect(answer.errorCode).toBe(errorCodes.NONE);
    client.close();
  } finally {
    broker.kill();
  }
});

it('keeps what was compiled, once for each set of flags', async () => {
  expect(await firstLines(folder)).toEqual(['compiled now', version]);
  expect(compiled()).toEqual([]);
  await compiledByBroker();
  expect(await firstLines(folder)).toEqual(['compiled before', version]);
  expect(await firstLines(folder, '--no-opt')).toEqual(['compiled now', version]);
  await compiledByBroker('--no-opt');
  expect(await firstLines(folder, '--no-opt')).toEqual(['compiled before', version]);
  expect(await firstLines(folder)).toEqual(['compiled before', version]);
});

it('keeps what was compiled last of many', async () => {
  const of = (i: number): string => join(folder, 'dist/program', `flags-${i}.cache`);
  for (let i = 0; i < 10; i++) {
    writeFileSync(of(i), '');
    utimesSync(of(i), i, i);
  }
  const file = await compiledByBroker();
  expect(compiled().sort()).toEqual([file, ...[3, 4, 5, 6, 7, 8, 9].map(of)].sort());
});

it('runs all the same where what is kept is not as it was written', async () => {
  const file = await compiledByBroker();
  const whole = readFileSync(file);
  for (const at of [0, 40, whole.length / 2, whole.length - 1].map(Math.floor)) {
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(whole.readUInt8(at) ^ 1, at);
    writeFileSync(file, damaged);
    expect(await firstLines(folder)).toEqual(['compiled now', version]);
  }
  writeFileSync(file, '');
  expect(await firstLines(folder)).toEqual(['compiled now', version]);
  writeFileSync(file, whole);
  expect(await firstLines(folder)).toEqual(['compiled before', version]);
});
