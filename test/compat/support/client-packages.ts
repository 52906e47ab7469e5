import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { alone } from '../../../scripts/apache-kafka/alone.ts';
import { cacheFolder } from '../../../scripts/apache-kafka/jars.ts';

const run = promisify(execFile);
const repository = process.cwd();

/** A client with a package folder of its own below test/compat/clients, installed when its tests need it. */
export const clientNames = ['platformatic', 'librdkafka'] as const;
export type ClientName = (typeof clientNames)[number];

/** Headers of what librdkafka is compiled against: without zstd's it has one codec less, and says nothing. */
const librdkafkaNeeds = ['openssl/ssl.h', 'zlib.h', 'zstd.h'];

/** The Node that @platformatic/kafka asks for. */
const NEWER_NODE = [22, 22] as const;

/**
 * Installs a client into the cache, unless it is there; at the same time only once, whoever asks.
 *
 * @returns  its folder, with node_modules and its scenarios
 */
export async function installClient(client: ClientName): Promise<string> {
  const source = join(repository, 'test/compat/clients', client);
  const lock = await readFile(join(source, 'package-lock.json'));
  const key = createHash('sha256')
    .update(lock)
    .update(process.versions.modules)
    .update(librdkafkaNeeds.join())
    .digest('hex');
  const folder = join(cacheFolder(), `client-${client}-${key.slice(0, 12)}`);
  const complete = join(folder, 'complete');
  if (!existsSync(complete)) {
    await alone(`${folder}.lock`, async () => {
      if (existsSync(complete)) return;
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      await copyFiles(source, folder, ['package.json', 'package-lock.json']);
      await run('npm', ['ci', '--ignore-scripts', '--prefer-offline'], { cwd: folder });
      if (client === 'librdkafka') await prepareLibrdkafka(folder);
      await writeFile(complete, '');
    });
  }
  await refreshScenarios(source, folder);
  return folder;
}

/**
 * Scenarios lie beside the packages that they import. Several tests may come here at once, and others run
 * what is there: a file changes whole, and only where it has to.
 */
async function refreshScenarios(source: string, folder: string): Promise<void> {
  for (const name of await readdir(source)) {
    if (!/\.[cm]js$/.test(name)) continue;
    const wanted = await readFile(join(source, name), 'utf8');
    const target = join(folder, name);
    if (existsSync(target) && (await readFile(target, 'utf8')) === wanted) continue;
    const partial = `${target}.${process.pid}`;
    await writeFile(partial, wanted);
    await rename(partial, target);
  }
}

/** Runs one scenario of a client and returns what it printed. */
export async function runScenario(
  client: ClientName,
  scenario: string,
  options: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const folder = await installClient(client);
  const node = nodeFor(client, folder);
  const script = existsSync(join(folder, 'scenarios.mjs')) ? 'scenarios.mjs' : 'scenarios.cjs';
  const { stdout } = await run(node, [join(folder, script), scenario, JSON.stringify(options)], {
    timeout: 80_000,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** The Node that runs a client which is installed in a folder. */
export function nodeFor(client: ClientName, folder: string): string {
  const node = client === 'platformatic' ? newerNode(folder) : process.execPath;
  if (node === null) throw new Error('no newer Node');
  return node;
}

/** Why a client cannot run on this machine, as far as that can be told before it is installed. */
export function whyNoClient(client: ClientName): string | null {
  if (client !== 'platformatic' || newEnough(process.versions.node)) return null;
  const fromNpm = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
  return fromNpm ? null : `Node ${NEWER_NODE.join('.')} or newer needed`;
}

function newEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > NEWER_NODE[0] || (major === NEWER_NODE[0] && minor >= NEWER_NODE[1]);
}

function newerNode(folder: string): string | null {
  if (newEnough(process.versions.node)) return process.execPath;
  const fromNpm = join(folder, `node_modules/node-linux-${process.arch}/bin/node`);
  return existsSync(fromNpm) ? fromNpm : null;
}

/**
 * Gets the native half of Confluent's client: its own installer downloads it where it can; else it is compiled, against
 * the system's libraries (OpenSSL, zlib, zstd), which takes a minute.
 */
async function prepareLibrdkafka(folder: string): Promise<void> {
  const cwd = join(folder, 'node_modules/@confluentinc/kafka-javascript');
  const installer = join(folder, 'node_modules/.bin/node-pre-gyp');
  const downloaded = await run(installer, ['install'], { cwd, timeout: 60_000 }).then(
    () => true,
    () => false,
  );
  if (downloaded) return;
  const missing = librdkafkaNeeds.filter((header) => !existsSync(join('/usr/include', header)));
  if (missing.length > 0) throw new Error(`librdkafka needs ${missing.join(', ')}`);
  const headers = dirname(dirname(process.execPath));
  const env = {
    ...process.env,
    CKJS_LINKING: 'dynamic', // the other way downloads sources
    JOBS: '2',
    // Node's own headers, where they are installed beside it, spare a download.
    ...(existsSync(join(headers, 'include/node/node.h')) && { npm_config_nodedir: headers }),
  };
  const options = { cwd, env, maxBuffer: 1 << 26 };
  const gyp = await nodeGyp();
  await run(process.execPath, [gyp, 'configure'], options);
  // Before the build, as two jobs at once would begin to compile what is not configured yet.
  await run(process.execPath, [join(cwd, 'util/configure.js')], options);
  await run(process.execPath, [gyp, 'build'], options);
}

/** The node-gyp that comes with npm. */
async function nodeGyp(): Promise<string> {
  const { stdout } = await run('npm', ['root', '--global']);
  return join(stdout.trim(), 'npm/node_modules/node-gyp/bin/node-gyp.js');
}

async function copyFiles(from: string, to: string, names: readonly string[]): Promise<void> {
  for (const name of names) await cp(join(from, name), join(to, name));
}
