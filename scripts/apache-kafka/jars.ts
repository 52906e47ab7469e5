import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { alone } from './alone.ts';

const run = promisify(execFile);

export const APACHE_KAFKA_VERSION = '4.3.1';
const OLDEST_JAVA = 17;

/** Where downloads and builds are kept between runs: `ODRADEK_CACHE`, else the user's cache folder. */
export function cacheFolder(): string {
  const chosen = process.env['ODRADEK_CACHE'];
  if (chosen) return resolve(chosen);
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'odradek');
}

/** What is fetched together: each has a pom of its own, so that nobody waits for what another one needs. */
const POMS = {
  'apache-kafka': 'scripts/apache-kafka/pom.xml',
  'kafka-streams': 'scripts/apache-kafka/streams/pom.xml',
  'kafka-connect': 'scripts/apache-kafka/connect/pom.xml',
} as const;
export type JarSet = keyof typeof POMS;

/**
 * Why Apache Kafka (or its Streams or Connect) cannot be run from jars on this machine, or null when it can: a JDK (the
 * tools' runner is compiled here) and Maven, unless the jars are already in the cache.
 */
export async function whyNoJars(
  repository: string,
  set: JarSet = 'apache-kafka',
): Promise<string | null> {
  const java = await javaVersion();
  if (java === null) return 'no JDK found (`javac` is not on the path)';
  if (java < OLDEST_JAVA) return `JDK ${java} found, ${OLDEST_JAVA} or newer needed`;
  const { complete } = await jarsPlace(repository, set);
  if (existsSync(complete)) return null;
  const maven = await run('mvn', ['--version']).catch(() => null);
  return maven === null ? 'no Maven found (`mvn` is not on the path)' : null;
}

async function javaVersion(): Promise<number | null> {
  const printed = await run('javac', ['-version']).catch(() => null);
  const major = /javac (\d+)/.exec(`${printed?.stdout ?? ''}${printed?.stderr ?? ''}`)?.[1];
  return major === undefined ? null : Number(major);
}

async function jarsPlace(repository: string, set: JarSet) {
  const pom = join(repository, POMS[set]);
  const hash = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12);
  const folder = join(cacheFolder(), `${set}-${APACHE_KAFKA_VERSION}-${hash}`);
  return { pom, folder, libs: join(folder, 'libs'), complete: join(folder, 'complete') };
}

/**
 * Has Maven copy Apache Kafka's jars into the cache, unless they are there; only once, whoever asks at a time.
 *
 * @param repository  root of this repository
 * @returns           the folder that holds the jars
 */
export async function apacheKafkaJars(
  repository: string,
  set: JarSet = 'apache-kafka',
): Promise<string> {
  const { pom, folder, libs, complete } = await jarsPlace(repository, set);
  if (!existsSync(complete)) {
    await alone(`${folder}.lock`, async () => {
      if (!existsSync(complete)) await fetchJars(pom, folder);
    });
  }
  return libs;
}

async function fetchJars(pom: string, folder: string): Promise<void> {
  const partial = `${folder}.${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await run(
    'mvn',
    [
      ...['-q', '-B', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime'],
      `-DoutputDirectory=${join(partial, 'libs')}`,
    ],
    { maxBuffer: 1 << 26 },
  );
  await writeFile(join(partial, 'complete'), '');
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}
