import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { buildOdradek } from '../compat/support/built-odradek.ts';
import { codeBlocks, repository, section } from '../support/readme.ts';

const run = promisify(execFile);
const { resolve } = createRequire(__filename);
const tsc = resolve('typescript/bin/tsc');
const jestProgram = join(dirname(resolve('jest/package.json')), 'bin/jest.js');

// Each of these tests starts processes.
jest.setTimeout(120_000);

/** A folder in which somebody uses the package. */
let project = '';
let packed: string[] = [];

beforeAll(async () => {
  await buildOdradek();
  project = mkdtempSync(join(tmpdir(), 'odradek-package-'));
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: repository,
  });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  packed = files.map(({ path }) => path);
  const installed = join(project, 'node_modules/odradek');
  for (const path of packed) cpSync(join(repository, path), join(installed, path));
  // What it depends on, and what its user has besides.
  const modules = join(repository, 'node_modules');
  symlinkSync(modules, join(installed, 'node_modules'));
  mkdirSync(join(project, 'node_modules/@types'));
  for (const name of ['kafkajs', '@types/node', 'undici-types']) {
    symlinkSync(join(modules, name), join(project, 'node_modules', name));
  }
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

/** A folder below with its own kind of modules. */
function folder(name: string, type: 'module' | 'commonjs', files: Record<string, string>): string {
  const path = join(project, name);
  mkdirSync(path);
  write(path, { 'package.json': JSON.stringify({ type }), ...files });
  return path;
}

function write(path: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
}

async function node(cwd: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, args, { cwd, timeout: 60_000 }).catch(
    (error: unknown) => {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`node ${args.join(' ')}:\n${stdout}${stderr}`);
    },
  );
  return stdout + stderr;
}

describe('the package', () => {
  it('holds what is run, its types, and papers; no sources, no tests', () => {
    const others = packed.filter((path) => !/^dist\/.*\.(c?js|d\.c?ts)$/.test(path));
    const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'docs/durability.md', 'package.json'];
    expect(others.sort()).toEqual([...papers, 'dist/bin/package.json'].sort());
    expect(packed.filter((path) => /test|scripts|bench/.test(path))).toEqual([]);
  });

  it('holds every file that its package.json names', () => {
    const named = JSON.stringify(createRequire(__filename)(join(repository, 'package.json'))).match(
      /dist\/[^"*]+(?=")/g,
    );
    expect(named).toContain('dist/src/broker/start-broker.d.cts');
    expect(packed).toEqual(expect.arrayContaining([...new Set(named)]));
  });
});

const user = `
import { startBroker, type BrokerOptions, type RunningBroker, type TopicOptions } from 'odradek';
const topics: readonly TopicOptions[] = [{ name: 'orders', partitions: 3, config: {} }];
const options: BrokerOptions = { topics, brokers: 2, properties: { 'num.partitions': '2' } };
async function use(): Promise<void> {
  const broker: RunningBroker = await startBroker(options);
  const servers: string = broker.bootstrapServers;
  await broker.close();
  console.log(servers.split(',').length, 'brokers');
}
// @ts-expect-error -- an option that does not exist
const wrong: BrokerOptions = { prot: 9092 };
void use();
export { wrong };
`;

const compilerOptions = { strict: true, module: 'nodenext', target: 'es2022', types: ['node'] };

describe('somebody who writes TypeScript', () => {
  it.each(['module', 'commonjs'] as const)('has types, and a broker, as %s', async (type) => {
    const path = folder(`types-${type}`, type, {
      'user.ts': user,
      'tsconfig.json': JSON.stringify({ compilerOptions }),
    });
    expect(await node(path, tsc, '-p', '.')).toBe('');
    expect(await node(path, 'user.js')).toBe('2 brokers\n');
  });

  it('can write the example of README.md', async () => {
    const [example = ''] = codeBlocks(section('In a test'), 'ts');
    const path = folder('example', 'module', {
      'example.ts': example,
      'tsconfig.json': JSON.stringify({ compilerOptions }),
    });
    expect(await node(path, tsc, '-p', '.')).toBe('');
  });
});

it('works in a test of jest, as CommonJS, and leaves no open handle', async () => {
  const path = folder('jest', 'commonjs', {
    'broker.test.js': `
      const { mkdtempSync, rmSync } = require('node:fs');
      const { join } = require('node:path');
      const { Kafka, logLevel } = require('kafkajs');
      const { startBroker } = require('odradek');
      test.each([false, true])('on disk: %s', async (onDisk) => {
        const dataDir = onDisk ? mkdtempSync(join(__dirname, 'data-')) : undefined;
        const broker = await startBroker({ dataDir, topics: ['orders'] });
        const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
        const producer = kafka.producer();
        await producer.connect();
        const [sent] = await producer.send({ topic: 'orders', messages: [{ value: 'a book' }] });
        expect(sent.baseOffset).toBe('0');
        await producer.disconnect();
        await broker.close();
        if (onDisk) rmSync(dataDir, { recursive: true });
      });`,
  });
  const output = await node(path, jestProgram, '--rootDir', path, '--detectOpenHandles');
  expect(output).toContain('2 passed');
  expect(output).not.toContain('open handle');
});

describe('after close', () => {
  const script = `
    import { startBroker } from 'odradek';
    const dataDir = process.argv[2];
    for (let round = 0; round < 2; round++) {
      const brokers = dataDir ? [await startBroker({ dataDir, topics: ['t'] })]
        : await Promise.all([startBroker(), startBroker({ brokers: 3, topics: ['t'] })]);
      await Promise.all(brokers.map((broker) => broker.close()));
    }
    const closedMs = performance.now();
    process.once('exit', () => console.log(performance.now() - closedMs));`;

  it.each(['memory', 'disk'])('the process ends by itself, at once (%s)', async (store) => {
    const path = folder(`leftover-${store}`, 'module', { 'script.js': script });
    const args = store === 'disk' ? [join(path, 'data')] : [];
    const output = await node(path, 'script.js', ...args);
    expect(Number(output)).toBeLessThan(1_000);
  });

  it('a broker in memory leaves no file', async () => {
    const path = folder('files', 'module', { 'script.js': script });
    const before = readdirSync(path);
    await node(path, 'script.js');
    expect(readdirSync(path)).toEqual(before);
  });
});
