import type { Logger as Winston } from 'winston';
import type { LogLevel } from './leveled-logger.ts';
import type { LogFields, Logger } from './logger.ts';

export interface WinstonLoggerOptions {
  /** One JSON object a line, or lines for people. */
  readonly format: 'json' | 'human';
  /** Where lines go. */
  readonly stream: NodeJS.WritableStream;
}

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  readonly time: Date;
}

/**
 * Writes lines through winston, which is loaded when the first one is written and not before: that
 * takes longer than the start of a broker. Lines wait in order until then.
 */
export class WinstonLogger implements Logger {
  private readonly waiting: Line[] = [];
  private winston: Winston | undefined;
  private loading: Promise<void> | undefined;
  private isHeld = false;

  constructor(private readonly options: WinstonLoggerOptions) {}

  debug(message: string, fields: LogFields = {}): void {
    this.write('debug', message, fields);
  }

  info(message: string, fields: LogFields = {}): void {
    this.write('info', message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.write('warn', message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.write('error', message, fields);
  }

  /** Keeps lines waiting (while a broker starts) until `flush` is called. */
  hold(): void {
    this.isHeld = true;
  }

  /** Resolves when all lines so far have been handed to the stream. */
  async flush(): Promise<void> {
    this.isHeld = false;
    if (this.waiting.length > 0) this.loading ??= this.loadOrDoWithout();
    await this.loading;
  }

  private write(level: LogLevel, message: string, fields: LogFields): void {
    const line: Line = { level, message, fields, time: new Date() };
    if (this.winston !== undefined) {
      this.winston.log(infoOf(line));
      return;
    }
    this.waiting.push(line);
    if (!this.isHeld) void this.flush();
  }

  /** What cannot be loaded (no file can be opened, say) must not cost a line, nor end a broker. */
  private async loadOrDoWithout(): Promise<void> {
    try {
      await this.load();
    } catch {
      this.loading = undefined; // the next line tries again
      for (const line of this.waiting.splice(0)) {
        const { format, stream } = this.options;
        const info = infoOf(line);
        stream.write(`${format === 'json' ? JSON.stringify(info) : humanLine(info)}\n`);
      }
    }
  }

  private async load(): Promise<void> {
    // Named exports of a CommonJS package are not all seen from an ES module.
    const { default: winston } = await import('winston');
    const { combine, json, printf } = winston.format;
    const transport = new winston.transports.Stream({ stream: this.options.stream });
    const logger = winston.createLogger({
      level: 'debug',
      format: this.options.format === 'json' ? combine(json()) : printf(humanLine),
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston types its own transports as interfaces
      transports: [transport],
    });
    for (const line of this.waiting.splice(0)) logger.log(infoOf(line));
    this.winston = logger;
  }
}

const infoOf = ({ level, message, fields, time }: Line) => ({
  ...readable(fields),
  level,
  message,
  time: time.toISOString(),
});

/** Errors as text: winston and JSON would show them empty. */
function readable(fields: LogFields): Record<string, unknown> {
  const shown = Object.entries(fields).map(([name, value]) => [
    name,
    value instanceof Error ? errorText(value) : value,
  ]);
  return Object.fromEntries(shown) as Record<string, unknown>;
}

/** Where in our code the disk was full says nothing to anybody: what the system refuses is told in words. */
function errorText(error: Error): string {
  return isOfSystem(error) ? error.message : (error.stack ?? error.message);
}

const isOfSystem = (error: unknown): boolean =>
  error instanceof Error && ('syscall' in error || isOfSystem(error.cause));

function humanLine(info: Record<string, unknown>): string {
  const { level, message, time, ...fields } = info;
  const clock = String(time).slice(11, 23);
  const facts = Object.entries(fields)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
  return `${clock} ${String(level).toUpperCase().padEnd(5)} ${String(message)}${facts}`;
}
