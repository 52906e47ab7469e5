import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What its `testHelpers` offer to reach a broker with. */
const REACHES_A_BROKER =
  /\b(createCluster|createConnectionPool|createConnectionBuilder|connectionOpts|\w+ConnectionOpts|plainTextBrokers|sslBrokers|saslBrokers|saslEntries|createTopic)\b/;

/** Files of kafkajs' specs that touch a broker, relative to its repository. */
export async function liveSpecs(repository: string): Promise<string[]> {
  const all = await readdir(join(repository, 'src'), { recursive: true });
  const specs = all.filter((file) => file.endsWith('.spec.js')).sort();
  const live: string[] = [];
  for (const file of specs) {
    const path = join('src', file);
    if (REACHES_A_BROKER.test(await readFile(join(repository, path), 'utf8'))) live.push(path);
  }
  return live;
}

/** Files by the folder below `src`: what kafkajs' own CI runs as one job. */
export function groupsOf(files: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const group = file.split('/')[1] ?? '';
    groups.set(group, [...(groups.get(group) ?? []), file]);
  }
  return groups;
}
