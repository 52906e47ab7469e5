import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../scripts/apache-kafka/jars.ts';

const run = promisify(execFile);
const clients = join(process.cwd(), 'bench/clients');
/** Its npm package carries the source of librdkafka with its examples. */
const librdkafkaPackage = 'node-rdkafka@3.6.1';

/** The raw load generator, compiled from bench/clients/load. */
export async function loadGenerator(): Promise<string> {
  return goProgram('load');
}

/** A main around franz-go's broker, compiled from bench/clients/kfake. */
export async function kfakeProgram(): Promise<string> {
  return goProgram('kfake');
}

/** Why Go programs cannot be compiled here, or null. */
export async function whyNoGo(): Promise<string | null> {
  const found = await run('go', ['version']).catch(() => null);
  return found === null ? 'no Go found (`go` is not on the path)' : null;
}

async function goProgram(name: string): Promise<string> {
  const files = ['go.mod', 'go.sum', ...sources(name)].map((file) => join(clients, file));
  return compiled(
    `bench-${name}`,
    files.map((file) => readFileSync(file)),
    async (target) => {
      await run('go', ['build', '-o', target, `./${name}`], { cwd: clients });
    },
  );
}

function sources(folder: string): string[] {
  return readdirSync(join(clients, folder))
    .sort()
    .map((file) => join(folder, file));
}

/** librdkafka's rdkafka_performance, compiled from the source in an npm package. */
export async function rdkafkaPerformance(): Promise<string> {
  return compiled('bench-rdkafka', [librdkafkaPackage], async (target) => {
    const work = await mkdtemp(join(cacheFolder(), 'librdkafka-'));
    try {
      await run('npm', ['pack', '--silent', librdkafkaPackage], { cwd: work });
      const [archive = ''] = readdirSync(work);
      await run('tar', ['xzf', archive, 'package/deps/librdkafka'], { cwd: work });
      const cwd = join(work, 'package/deps/librdkafka');
      const options = { cwd, maxBuffer: 1 << 26 };
      const without = ['--disable-gssapi', '--disable-ssl', '--disable-curl'];
      await run('./configure', without, options);
      await run('make', ['-j2', 'libs'], options);
      // Its target shows the usage at the end, and that is a failure.
      await run('make', ['-C', 'examples', 'rdkafka_performance'], options).catch(() => undefined);
      await copyFile(join(cwd, 'examples/rdkafka_performance'), target);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
}

/** A program in the cache, made anew when what it is made from has changed. */
async function compiled(
  name: string,
  from: readonly (string | Buffer)[],
  make: (target: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(process.arch);
  for (const part of from) hash.update(part);
  await mkdir(cacheFolder(), { recursive: true });
  const program = join(cacheFolder(), `${name}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(program)) return program;
  console.error(`compiling ${name}`);
  const partial = `${program}.${process.pid}`;
  await make(partial);
  await rename(partial, program);
  return program;
}
