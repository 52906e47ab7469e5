import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { startBroker, type RunningBroker } from '../src/broker/start-broker.ts';
import { LeveledLogger } from '../src/host/leveled-logger.ts';
import { WinstonLogger } from '../src/host/winston-logger.ts';
import { help, parseCommandLine, type StartOptions } from './command-line.ts';
import { failureInWords, reasonInWords } from './failure.ts';
import { folderHelps } from './folder-commands.ts';
import { brokerOptions } from './start-options.ts';
import { UsageError } from './usage.ts';

const exitCodes = { clean: 0, failed: 1, usage: 2, interrupted: 130 } as const;

async function main(): Promise<void> {
  const command = parseCommandLine(process.argv.slice(2));
  if (command.kind === 'start') goOnWithoutOutput();
  else endWithOutput();
  switch (command.kind) {
    case 'help':
      process.stdout.write(command.about === undefined ? help : folderHelps[command.about]);
      return;
    case 'version':
      process.stdout.write(`${version()}\n`);
      return;
    case 'start':
      await start(command.options);
      return;
    case 'format':
      (await import('./format.ts')).format(command);
      return;
    case 'check':
      if (!(await (await import('./check.ts')).check(command))) process.exitCode = exitCodes.failed;
      return;
    case 'dump':
      if (!(await (await import('./dump.ts')).dump(command))) process.exitCode = exitCodes.failed;
  }
}

/** What cannot be printed ends the commands that do nothing else. */
function endWithOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever reads it has read enough (`odradek dump ... | head`).
    if (error.code === 'EPIPE') process.exit(exitCodes.clean);
    process.stderr.write(`odradek: cannot print: ${error.message}\n`);
    process.exit(exitCodes.failed);
  });
}

/** A broker serves on when its lines are lost: they may lie on a disk that is full. */
function goOnWithoutOutput(): void {
  const loseLine = (): void => undefined;
  process.stdout.on('error', loseLine);
  process.stderr.on('error', loseLine);
}

async function start(options: StartOptions): Promise<void> {
  const { json, config, logLevel } = options;
  const lines = new WinstonLogger({
    format: json ? 'json' : 'human',
    stream: json ? process.stdout : process.stderr,
  });
  lines.hold(); // a ready broker first, then the lines it had to say
  const logger = new LeveledLogger(lines, logLevel);
  try {
    const fileText = config === undefined ? undefined : readConfig(config);
    const what = brokerOptions(options, process.env, fileText);
    const starting = startBroker({ ...what, logger });
    stopOnSignals(starting, lines, json);
    const broker = await starting;
    // From the start of the process on, which is what somebody waits for.
    const readyMs = Math.round(performance.now());
    const folders = what.dataDir === undefined ? [] : [what.dataDir].flat();
    const data = folders.map((folder) => resolve(folder)).join(', ') || 'in memory';
    const facts = { bootstrapServers: broker.bootstrapServers, data, readyMs, version: version() };
    if (json) logger.info('ready', facts);
    else process.stdout.write(banner(facts));
  } finally {
    await lines.flush();
  }
}

interface Facts {
  readonly bootstrapServers: string;
  readonly data: string;
  readonly readyMs: number;
  readonly version: string;
}

function banner({ bootstrapServers, data, readyMs, version }: Facts): string {
  return (
    `Odradek ${version} is ready after ${readyMs} ms. Stop it with Ctrl+C.\n` +
    `  bootstrap server  ${bootstrapServers}\n` +
    `  data              ${data}\n`
  );
}

/**
 * SIGTERM and SIGINT stop cleanly, also while the broker starts: a container's first process would
 * never hear them otherwise. A second SIGINT does not wait for that.
 */
function stopOnSignals(
  starting: Promise<RunningBroker>,
  lines: WinstonLogger,
  json: boolean,
): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      if (signal === 'SIGINT') process.exit(exitCodes.interrupted);
      return;
    }
    isStopping = true;
    if (!json) process.stdout.write('Stopping. Ctrl+C once more ends it at once.\n');
    void end(starting, lines);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

async function end(starting: Promise<RunningBroker>, lines: WinstonLogger): Promise<void> {
  const broker = await starting.catch(() => undefined);
  if (broker === undefined) return; // it has not started, which is told elsewhere
  let code: number = exitCodes.clean;
  try {
    await broker.close();
  } catch (error) {
    lines.error('stopping failed', { error });
    code = exitCodes.failed;
  }
  await lines.flush();
  process.exit(code);
}

/** @throws {Error} naming the file */
function readConfig(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`cannot read --config ${path}: ${reasonInWords(error)}`, { cause: error });
  }
}

function version(): string {
  // From bin/ in the sources, from dist/program/ in the package.
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const text = readFileSync(new URL(path, import.meta.url), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      continue; // the other place
    }
  }
  return 'unknown';
}

main().catch((error: unknown) => {
  process.stderr.write(`odradek: ${failureInWords(error)}\n`);
  if (error instanceof UsageError) {
    const command = error.command === undefined ? '' : ` ${error.command}`;
    process.stderr.write(`Try 'odradek${command} --help'.\n`);
  }
  process.exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
});
