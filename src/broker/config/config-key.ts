import { ConfigError, invalidValue } from './config-error.ts';

/** Kafka's types of configuration. */
export type ConfigType =
  'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password';

export type ConfigValue = boolean | string | number | readonly string[] | null;

/** How a broker's key may change while it runs: not at all, for one broker only, or for all as well. */
export type UpdateMode = 'read-only' | 'per-broker' | 'cluster-wide';

/** A condition on a value, and how it is put in words. */
export interface Check {
  /** As in Kafka's documentation: `[0,...]`, `[a, b]`. */
  readonly range: string;
  /**
   * @param text  the value as Kafka prints it
   * @throws {ConfigError} naming key, value and what would be right
   */
  ensure(name: string, value: ConfigValue, text: string | null): void;
}

/** One key of the table; `V` is what its value is in the program. */
export interface ConfigKey<V extends ConfigValue = ConfigValue> {
  readonly type: ConfigType;
  /** As text; null = has no value unless it is given. */
  readonly defaultText: string | null;
  readonly check: Check | undefined;
  readonly update: UpdateMode;
  /** Not shown in a topic's or broker's configuration unless it was given. */
  readonly internal: boolean;
  /** Exists only as a dynamic value; a broker never reports it by default. */
  readonly dynamicOnly: boolean;
  readonly documentation: string;
  /** Only a type: what `parse` gives. */
  readonly valueType?: V;
}

export interface KeyOptions {
  /** Default: 'read-only'. */
  readonly update?: UpdateMode;
  readonly internal?: true;
  readonly dynamicOnly?: true;
  readonly check?: Check;
}

export interface NumberOptions extends KeyOptions {
  readonly min?: number;
  readonly max?: number;
}

export interface ListOptions extends KeyOptions {
  /** What may be in the list; anything when left out. */
  readonly of?: readonly string[];
  /** Default: true. */
  readonly mayBeEmpty?: boolean;
}

export type KeyTable = Readonly<Record<string, ConfigKey>>;

/** The value of a key, as a type. */
export type ValueOf<K extends ConfigKey> = K extends ConfigKey<infer V> ? V : never;

/** Java's Long.MAX_VALUE, beyond what a number holds exactly; Kafka's word for "without limit". */
export const longMax = '9223372036854775807';

type OrNull<D, V> = D extends null ? V | null : V;

function key<V extends ConfigValue>(
  type: ConfigType,
  defaultValue: string | number | boolean | null,
  documentation: string,
  options: KeyOptions,
  check: Check | undefined = options.check,
): ConfigKey<V> {
  return {
    type,
    defaultText: defaultValue === null ? null : String(defaultValue),
    check,
    update: options.update ?? 'read-only',
    internal: options.internal ?? false,
    dynamicOnly: options.dynamicOnly ?? false,
    documentation,
  };
}

type NumberKey = <D extends number | string | null>(
  defaultValue: D,
  documentation: string,
  options?: NumberOptions,
) => ConfigKey<OrNull<D, number>>;

const numberKey =
  (type: ConfigType): NumberKey =>
  (defaultValue, documentation, options = {}) =>
    key(type, defaultValue, documentation, options, options.check ?? numberCheck(options));

export const int = numberKey('int');
export const short = numberKey('short');
/** Values beyond 2^53 lose their last digits as numbers; their text stays exact. */
export const long = numberKey('long');
export const double = numberKey('double');

export const boolean = (
  defaultValue: boolean,
  documentation: string,
  options: KeyOptions = {},
): ConfigKey<boolean> => key('boolean', defaultValue, documentation, options);

export const string = <D extends string | null>(
  defaultValue: D,
  documentation: string,
  options: KeyOptions = {},
): ConfigKey<OrNull<D, string>> => key('string', defaultValue, documentation, options);

/** Name of a Java class: kept and shown, never loaded. */
export const javaClass = <D extends string | null>(
  defaultValue: D,
  documentation: string,
  options: KeyOptions = {},
): ConfigKey<OrNull<D, string>> => key('class', defaultValue, documentation, options);

/** Never told to anybody. */
export const password = (
  documentation: string,
  options: KeyOptions = {},
): ConfigKey<string | null> => key('password', null, documentation, options);

export const list = <D extends string | null>(
  defaultValue: D,
  documentation: string,
  options: ListOptions = {},
): ConfigKey<OrNull<D, readonly string[]>> =>
  key('list', defaultValue, documentation, options, options.check ?? listCheck(options));

function numberCheck({ min, max }: NumberOptions): Check | undefined {
  if (min === undefined && max === undefined) return undefined;
  return {
    range: max === undefined ? `[${min},...]` : `[${min},...,${max}]`,
    ensure(name, value, text) {
      if (typeof value !== 'number') throw invalidValue(name, value, 'Value must be non-null');
      if (min !== undefined && value < min) {
        throw invalidValue(name, text, `Value must be at least ${min}`);
      }
      if (max !== undefined && value > max) {
        throw invalidValue(name, text, `Value must be no more than ${max}`);
      }
    },
  };
}

/** Exactly one of the given words. */
export const oneOf = (...words: string[]): Check => ({
  range: `[${words.join(', ')}]`,
  ensure(name, value) {
    if (!words.includes(String(value))) {
      throw invalidValue(name, value, `String must be one of: ${words.join(', ')}`);
    }
  },
});

/** One of the given words, in whatever case. */
export const oneOfIgnoringCase = (...words: string[]): Check => ({
  range: `(case insensitive) [${words.join(', ')}]`,
  ensure(name, value) {
    if (!words.includes(String(value).toUpperCase())) {
      const rule = `String must be one of (case insensitive): ${words.join(', ')}`;
      throw invalidValue(name, value, rule);
    }
  },
});

export const nonEmpty: Check = {
  range: 'non-empty string',
  ensure(name, value) {
    if (value === '') throw invalidValue(name, value, 'String must be non-empty');
  },
};

function listCheck({ of, mayBeEmpty = true }: ListOptions): Check {
  const words = of && oneOf(...of);
  return {
    range: `${mayBeEmpty ? 'list' : 'non-empty list'}${words?.range ?? ''}`,
    ensure(name, value) {
      if (value === null || !Array.isArray(value)) return;
      if (!mayBeEmpty && value.length === 0) {
        const valid = words?.range ?? 'any non-empty value';
        throw new ConfigError(
          `Configuration '${name}' must not be empty. Valid values include: ${valid}`,
        );
      }
      for (const element of value as readonly string[]) {
        if (element === '') {
          throw new ConfigError(`Configuration '${name}' values must not be empty.`);
        }
        words?.ensure(name, element, element);
      }
    },
  };
}

/** A value, as the program uses it and as Kafka prints it. */
export interface ParsedValue<V extends ConfigValue = ConfigValue> {
  readonly value: V;
  readonly text: string | null;
}

const integerRanges = {
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  short: [-(2n ** 15n), 2n ** 15n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

/**
 * Reads a value from its text and checks it.
 * @throws {ConfigError} naming key, value and what would be right
 */
export function parse<V extends ConfigValue>(
  name: string,
  definition: ConfigKey<V>,
  text: string,
): ParsedValue<V> {
  const parsed = parseType(name, definition.type, text);
  definition.check?.ensure(name, parsed.value, parsed.text);
  return parsed as ParsedValue<V>; // the table's builders tie the type to V
}

function parseType(name: string, type: ConfigType, text: string): ParsedValue {
  const trimmed = text.trim();
  switch (type) {
    case 'boolean':
      return parseBoolean(name, text);
    case 'int':
    case 'short':
    case 'long':
      return parseInteger(name, type, text);
    case 'double':
      return parseDouble(name, text);
    case 'list': {
      // A repeated element counts once, as in Kafka, which warns and goes on.
      const elements = trimmed === '' ? [] : [...new Set(trimmed.split(/\s*,\s*/))];
      return { value: elements, text: elements.join(',') };
    }
    case 'string':
    case 'class':
    case 'password':
      return { value: trimmed, text: trimmed };
  }
}

function parseBoolean(name: string, text: string): ParsedValue {
  const word = text.trim().toLowerCase();
  if (word !== 'true' && word !== 'false') {
    throw invalidValue(name, text, 'Expected value to be either true or false');
  }
  return { value: word === 'true', text: word };
}

function parseInteger(name: string, type: 'int' | 'short' | 'long', text: string): ParsedValue {
  const trimmed = text.trim();
  const [lowest, highest] = integerRanges[type];
  const exact = /^[+-]?\d+$/.test(trimmed) ? BigInt(trimmed.replace(/^\+/, '')) : undefined;
  if (exact === undefined || exact < lowest || exact > highest) {
    throw invalidValue(name, text, `Not a number of type ${type.toUpperCase()}`);
  }
  return { value: Number(exact), text: exact.toString() };
}

function parseDouble(name: string, text: string): ParsedValue {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[df]?$/i.test(trimmed)) {
    throw invalidValue(name, text, 'Not a number of type DOUBLE');
  }
  const value = parseFloat(trimmed);
  return { value, text: javaDouble(value) };
}

/** A double as Java prints it: always with a point, with an exponent below 0.001 and from 10^7 on. */
export function javaDouble(value: number): string {
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [digits = '', exponent = ''] = value.toExponential().split('e');
    return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
  }
  const plain = String(value);
  return plain.includes('.') ? plain : `${plain}.0`;
}
