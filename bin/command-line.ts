import { logLevels, type LogLevel } from '../src/host/leveled-logger.ts';
import {
  isFolderCommand,
  parseFolderCommand,
  type FolderCommand,
  type FolderCommandName,
} from './folder-commands.ts';
import { parsed, requireNames, UsageError, wholeNumber } from './usage.ts';

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help'; readonly about?: FolderCommandName }
  | { readonly kind: 'version' }
  | { readonly kind: 'start'; readonly options: StartOptions }
  | FolderCommand;

export interface StartOptions {
  readonly port?: number;
  readonly host?: string;
  readonly data?: string;
  readonly memory: boolean;
  readonly brokers: number;
  readonly config?: string;
  /** `name=value` pairs, the later ones stronger. */
  readonly overrides: ReadonlyMap<string, string>;
  readonly json: boolean;
  readonly logLevel: LogLevel;
}

export const help = `Usage: odradek [options]
       odradek format|check|dump --help

Starts a Kafka broker and says how to connect to it. The commands are for a data folder: format
an empty one, check one that no broker uses for damage, dump what stands in its files.

  --port N           port to listen on (9092); 0 takes any free one
  --host ADDRESS     address to listen on and to tell clients (127.0.0.1); for 0.0.0.0 and :: they
                     are told localhost, or what advertised.listeners=PLAINTEXT://NAME:PORT says
  --data FOLDER      where the data is kept (./data)
  --memory           keep everything in memory; it is gone at the end
  --brokers N        that many brokers in this process, on ports N, N+1, ... (1)
  --config FILE      Kafka's server.properties
  --override K=V     one property; may be repeated
  --json             log lines as JSON
  --log-level LEVEL  ${logLevels.join(', ')} (info)
  --version, -v      print the version
  --help, -h         print this

Properties have Kafka's names. They come from --config, from KAFKA_* environment variables as in the
apache/kafka image (KAFKA_LOG_RETENTION_HOURS=1), from --override, and from the options above; the
later of these win.

Exit codes: 0 stopped as asked, 1 cannot start or had to stop, 2 wrong usage, 130 stopped at once by
a second Ctrl+C.
`;

const definitions = {
  port: { type: 'string' },
  host: { type: 'string' },
  data: { type: 'string', multiple: true },
  memory: { type: 'boolean', default: false },
  brokers: { type: 'string', default: '1' },
  config: { type: 'string' },
  override: { type: 'string', multiple: true, default: [] as string[] },
  json: { type: 'boolean', default: false },
  'log-level': { type: 'string', default: 'info' },
  version: { type: 'boolean', short: 'v', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** @throws {UsageError} */
export function parseCommandLine(args: readonly string[]): Command {
  const [name, ...rest] = args;
  if (isFolderCommand(name)) {
    const command = parseFolderCommand(name, rest);
    return command === 'help' ? { kind: 'help', about: name } : command;
  }
  const { values } = parsed({ args, options: definitions });
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const data = dataFolder(values.data);
  if (values.memory && data !== undefined) {
    throw new UsageError('--memory and --data exclude each other');
  }
  return {
    kind: 'start',
    options: {
      ...(values.port !== undefined && { port: wholeNumber('--port', values.port, 0, 65_535) }),
      ...(values.host !== undefined && { host: values.host }),
      ...(data !== undefined && { data }),
      ...(values.config !== undefined && { config: values.config }),
      memory: values.memory,
      brokers: wholeNumber('--brokers', values.brokers, 1, 100),
      overrides: new Map(values.override.map(pair)),
      json: values.json,
      logLevel: logLevel(values['log-level']),
    },
  };
}

function dataFolder(folders: readonly string[] = []): string | undefined {
  requireNames('--data', folders);
  if (folders.length > 1) {
    throw new UsageError(
      '--data is given twice; several folders are log.dirs=A,B in server.properties or in --override',
    );
  }
  return folders[0];
}

function pair(text: string): [string, string] {
  const [name = '', value] = text.split(/=(.*)/s);
  if (name.trim() === '' || value === undefined) {
    throw new UsageError(`--override takes NAME=VALUE, not '${text}'`);
  }
  return [name.trim(), value];
}

function logLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text.toLowerCase());
  if (level === undefined) {
    throw new UsageError(`--log-level takes one of ${logLevels.join(', ')}, not '${text}'`);
  }
  return level;
}
