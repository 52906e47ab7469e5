import type { Uuid } from '../../protocol/uuid.ts';
import { UnusableFolder } from './unusable-folder.ts';

/**
 * `meta.properties` at the root of a data folder: whose it is. Java properties, version 1:
 * `version`, `cluster.id`, `node.id`, `directory.id`. With several brokers in one process the
 * folder is the first one's; the others live in it as guests.
 */
export interface MetaProperties {
  readonly clusterId: string;
  readonly nodeId: number;
  /** Absent in a folder that a Kafka before 3.7 formatted. */
  readonly directoryId: Uuid | undefined;
}

const version = '1';

/** @param now  for the comment that Java writes as well */
export function encodeMetaProperties(meta: MetaProperties, now: Date): string {
  const lines = [
    '#',
    `#${now.toUTCString()}`,
    `cluster.id=${meta.clusterId}`,
    ...(meta.directoryId === undefined ? [] : [`directory.id=${meta.directoryId}`]),
    `node.id=${meta.nodeId}`,
    `version=${version}`,
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * @param path  for the error message
 * @throws {UnusableFolder} another version, or something is missing
 */
export function decodeMetaProperties(text: string, path: string): MetaProperties {
  const properties = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const entry = /^\s*([^#!\s=:][^=:\s]*)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (entry !== null) properties.set(entry[1] ?? '', (entry[2] ?? '').replaceAll('\\', ''));
  }
  const found = properties.get('version') ?? 'none';
  if (found !== version) {
    throw new UnusableFolder(`${path} has version ${found}; only version ${version} is supported`);
  }
  const required = (name: string): string => {
    const value = properties.get(name);
    if (value === undefined) throw new UnusableFolder(`${path} does not say its ${name}`);
    return value;
  };
  const nodeId = Number(required('node.id'));
  if (!Number.isInteger(nodeId))
    throw new UnusableFolder(`${path} has a node.id that is no number`);
  return { clusterId: required('cluster.id'), nodeId, directoryId: properties.get('directory.id') };
}
