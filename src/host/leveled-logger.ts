import type { LogFields, Logger } from './logger.ts';

/** From the most to the least talkative. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Passes on what is at least as important as `level`, which may change at any time. */
export class LeveledLogger implements Logger {
  constructor(
    private readonly target: Logger,
    public level: LogLevel,
  ) {}

  debug(message: string, fields?: LogFields): void {
    this.pass('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.pass('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.pass('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.pass('error', message, fields);
  }

  private pass(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (logLevels.indexOf(level) >= logLevels.indexOf(this.level)) {
      this.target[level](message, fields);
    }
  }
}
