import type { ParseArgsConfig } from 'node:util';
import type { DumpDecoder } from '../src/broker/data-folder/dump-file.ts';
import { parsed, requireNames, UsageError, wholeNumber } from './usage.ts';

/** What is done with a data folder while no broker uses it. */
export type FolderCommand = FormatCommand | CheckCommand | DumpCommand;
export type FolderCommandName = FolderCommand['kind'];

export interface FormatCommand {
  readonly kind: 'format';
  /** The folders of one broker. */
  readonly data: readonly string[];
  readonly nodeId: number;
  readonly clusterId?: string;
  readonly ignoreFormatted: boolean;
}

export interface CheckCommand {
  readonly kind: 'check';
  /** The folders of one broker. */
  readonly data: readonly string[];
  readonly json: boolean;
}

export interface DumpCommand {
  readonly kind: 'dump';
  readonly paths: readonly string[];
  readonly records: boolean;
  readonly decode: DumpDecoder;
  readonly json: boolean;
}

/** How keys and values are shown: `auto` goes by the name of the folder. */
export const dumpDecoders = [
  'auto',
  'text',
  'hex',
  'metadata',
  'offsets',
  'transactions',
] as const satisfies readonly DumpDecoder[];

const defaultFolder = './data';

export const folderHelps: Readonly<Record<FolderCommandName, string>> = {
  format: `Usage: odradek format [options]

Formats a folder that no broker has used yet, as a start does by itself, and says whose it is now.
Files that are none of a broker stay in it.

  --data FOLDER        the folder (${defaultFolder}); once for each of log.dirs
  --node-id N          node.id of the broker that will use it (1)
  --cluster-id ID      id of the cluster: 22 characters of base64; a new one by default
  --ignore-formatted   leave a folder alone that is formatted already for this node and cluster,
                       and format the others
  --help, -h           print this

Exit codes: 0 formatted, 1 it is formatted already or cannot be, 2 wrong usage.
`,
  check: `Usage: odradek check [options]

Checks a data folder, Odradek's or Apache Kafka's, and changes nothing in it: every batch of every
segment, indexes, producer snapshots, checkpoints, and the metadata. No broker may be using it.

  --data FOLDER        the folder (${defaultFolder}); once for each of log.dirs
  --json               findings as JSON, one a line
  --help, -h           print this

Each finding is one line. An error is damage: what no broker leaves so, even where the next start
would build the file anew. A note does no harm: the torn end that a kill leaves behind, an index
that is missing, a file that waits to be removed.

Exit codes: 0 no errors, 1 errors, or the folder cannot be checked, 2 wrong usage.
`,
  dump: `Usage: odradek dump [options] FILE|FOLDER ...

Prints what stands in files of a data folder: segments, indexes, producer snapshots, checkpoints,
metadata snapshots, meta.properties. Of a folder, every file of its log. It changes nothing, and may
be used while a broker runs: the last batch of a segment may then be half written.

  --records            the records of each batch as well
  --decode HOW         keys and values as ${dumpDecoders.join(', ')};
                       auto, the default, goes by the folder
  --json               one JSON object a line
  --help, -h           print this

Exit codes: 0 all was read, 1 something could not be read, 2 wrong usage.
`,
};

export const isFolderCommand = (name: string | undefined): name is FolderCommandName =>
  name !== undefined && Object.hasOwn(folderHelps, name);

const help = { type: 'boolean', short: 'h', default: false } as const;
const options = {
  format: {
    data: { type: 'string', multiple: true, default: [defaultFolder] },
    'node-id': { type: 'string', default: '1' },
    'cluster-id': { type: 'string' },
    'ignore-formatted': { type: 'boolean', default: false },
    help,
  },
  check: {
    data: { type: 'string', multiple: true, default: [defaultFolder] },
    json: { type: 'boolean', default: false },
    help,
  },
  dump: {
    records: { type: 'boolean', default: false },
    decode: { type: 'string', default: 'auto' },
    json: { type: 'boolean', default: false },
    help,
  },
} as const satisfies Record<FolderCommandName, ParseArgsConfig['options']>;

/**
 * @param args  what stands behind the command's name
 * @returns     'help' when that is all that is asked for
 * @throws {UsageError}
 */
export function parseFolderCommand(
  name: FolderCommandName,
  args: readonly string[],
): FolderCommand | 'help' {
  switch (name) {
    case 'format':
      return parseFormat(args);
    case 'check':
      return parseCheck(args);
    case 'dump':
      return parseDump(args);
  }
}

function parseCheck(args: readonly string[]): CheckCommand | 'help' {
  const { values } = parsed({ args, options: options.check, command: 'check' });
  if (values.help) return 'help';
  requireNames('--data', values.data, 'check');
  return { kind: 'check', data: values.data, json: values.json };
}

function parseFormat(args: readonly string[]): FormatCommand | 'help' {
  const { values } = parsed({ args, options: options.format, command: 'format' });
  if (values.help) return 'help';
  requireNames('--data', values.data, 'format');
  const clusterId = values['cluster-id'];
  if (clusterId !== undefined && !/^[A-Za-z0-9_-]{22}$/.test(clusterId)) {
    const message = `--cluster-id takes 22 characters of URL-safe base64, not '${clusterId}'`;
    throw new UsageError(message, 'format');
  }
  return {
    kind: 'format',
    data: values.data,
    nodeId: wholeNumber('--node-id', values['node-id'], 0, 2_147_483_647, 'format'),
    ...(clusterId !== undefined && { clusterId }),
    ignoreFormatted: values['ignore-formatted'],
  };
}

function parseDump(args: readonly string[]): DumpCommand | 'help' {
  const { values, positionals } = parsed({
    ...{ args, options: options.dump, allowPositionals: true, command: 'dump' },
  });
  if (values.help) return 'help';
  requireNames('a FILE or FOLDER', positionals, 'dump');
  if (positionals.length === 0) throw new UsageError('which FILE or FOLDER?', 'dump');
  const decode = dumpDecoders.find((known) => known === values.decode);
  if (decode === undefined) {
    const message = `--decode takes one of ${dumpDecoders.join(', ')}, not '${values.decode}'`;
    throw new UsageError(message, 'dump');
  }
  return { kind: 'dump', paths: positionals, records: values.records, decode, json: values.json };
}
