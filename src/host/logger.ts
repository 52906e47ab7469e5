/** Facts that go beside a line: they become fields in JSON output. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the broker says what happens. Nothing is logged per request above debug. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
