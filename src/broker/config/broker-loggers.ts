import type { LeveledLogger, LogLevel } from '../../host/leveled-logger.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { configSources } from './broker-config.ts';
import type { DescribedConfig, Wanted } from './describe.ts';
import type { ConfigOperation } from './alter.ts';

/** The one logger that all of this broker's lines go through, by the name Kafka's tools know. */
const rootLogger = 'root';

/** Kafka's levels; we have no finer one than debug and no worse one than error. */
const levelsOfKafka: Readonly<Record<string, LogLevel>> = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  FATAL: 'error',
};

const operations = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'];

/**
 * Levels of a broker's loggers. They are not stored: a restart forgets them.
 * @throws {KafkaError} INVALID_REQUEST for another broker
 */
export function describeLoggers(
  name: string,
  nodeId: number,
  logger: LeveledLogger,
  wanted: Wanted,
): DescribedConfig[] {
  if (name === '') throw new KafkaError('INVALID_REQUEST', 'Broker id must not be empty');
  if (!/^[+-]?\d+$/.test(name)) {
    throw new KafkaError('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`);
  }
  if (Number(name) !== nodeId) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `Unexpected broker id, expected ${nodeId} but received ${name}`,
    );
  }
  if (!wanted(rootLogger)) return [];
  return [
    {
      name: rootLogger,
      value: logger.level.toUpperCase(),
      readOnly: false,
      configSource: configSources.DYNAMIC_BROKER_LOGGER,
      isSensitive: false,
      synonyms: [],
      configType: 0,
      documentation: '',
    },
  ];
}

/**
 * Checks changes of levels and makes them, unless they are only to be checked.
 * @throws {KafkaError} INVALID_REQUEST, INVALID_CONFIG
 */
export function alterLoggers(
  name: string,
  changes: readonly ConfigOperation[],
  nodeId: number,
  logger: LeveledLogger,
  validateOnly: boolean,
): void {
  if (!/^[+-]?\d+$/.test(name)) {
    throw new KafkaError('INVALID_REQUEST', `Node id must be an integer, but it is: ${name}`);
  }
  if (Number(name) !== nodeId) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `Unexpected node id. Expected ${nodeId}, but received ${Number(name)}`,
    );
  }
  const levels = changes.map(levelOf);
  const last = levels.at(-1);
  if (last !== undefined && !validateOnly) logger.level = last;
}

function levelOf({ name, configOperation, value }: ConfigOperation): LogLevel {
  const operation = operations[configOperation];
  if (operation === undefined) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `Unknown operation type ${configOperation} is not allowed for the BROKER_LOGGER resource`,
    );
  }
  if (operation === 'APPEND' || operation === 'SUBTRACT') {
    throw new KafkaError(
      'INVALID_REQUEST',
      `${operation} operation is not allowed for the BROKER_LOGGER resource`,
    );
  }
  if (name !== rootLogger) throw new KafkaError('INVALID_CONFIG', `Logger ${name} does not exist!`);
  if (operation === 'DELETE') {
    throw new KafkaError(
      'INVALID_REQUEST',
      'Removing the log level of the root logger is not allowed',
    );
  }
  const level = levelsOfKafka[value ?? ''];
  if (level === undefined) {
    throw new KafkaError(
      'INVALID_CONFIG',
      `Cannot set the log level of ${name} to ${value ?? ''} as it is not a supported log level. ` +
        `Valid log levels are ${Object.keys(levelsOfKafka).sort().join(', ')}`,
    );
  }
  return level;
}
