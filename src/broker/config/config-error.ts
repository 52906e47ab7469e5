/** A configuration that cannot be used: which key, which value, and what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** A value that its key does not take, in the words that Kafka's tools show. */
export function invalidValue(name: string, value: unknown, what: string): ConfigError {
  return new ConfigError(`Invalid value ${String(value)} for configuration ${name}: ${what}`);
}
