import { inspect } from 'node:util';
import { Descriptors } from '../host/descriptors.ts';
import { freeDescriptors } from '../host/free-descriptors.ts';
import { SystemClock } from '../host/system-clock.ts';
import { SystemRandom } from '../host/system-random.ts';
import { LeveledLogger } from '../host/leveled-logger.ts';
import { silentLogger, type Logger } from '../host/logger.ts';
import { Cluster } from './cluster.ts';
import type { BrokerOptions, TopicOptions } from './broker-options.ts';
import type { RunningBroker } from './running-broker.ts';

export type { BrokerOptions, TopicOptions } from './broker-options.ts';
export type { RunningBroker } from './running-broker.ts';

/**
 * Starts a Kafka broker in this process; ready to serve when it resolves.
 *
 * ```ts
 * await using broker = await startBroker({ topics: ['orders'] });
 * const kafka = new Kafka({ brokers: [broker.bootstrapServers] });
 * ```
 *
 * Without options: one broker, in memory, on a free port of 127.0.0.1. Any number may run in one
 * process.
 *
 * @throws {TypeError} an option that there is not, or that has another kind of value
 * @throws {Error} a bad configuration, a folder that cannot be used, a port that is taken
 */
export async function startBroker(options: BrokerOptions = {}): Promise<RunningBroker> {
  checkOptions(options);
  return Cluster.start(options, {
    clock: options.clock ?? new SystemClock(),
    random: options.random ?? new SystemRandom(),
    logger: leveled(options.logger ?? silentLogger),
    descriptors: new Descriptors(freeDescriptors()),
  });
}

/** What a value has to be: in words, and whether one is. */
type Kind = readonly [words: string, holds: (value: unknown) => boolean];
type Kinds<T> = Readonly<Record<keyof T, Kind>>;

const isText = (value: unknown): boolean => typeof value === 'string';
const isName = (value: unknown): boolean => isText(value) && value !== '';
const isWhole = (value: unknown, lowest: number, highest: number): boolean =>
  Number.isInteger(value) && Number(value) >= lowest && Number(value) <= highest;
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const text: Kind = ['a text', isText];
const count: Kind = ['a whole number', Number.isInteger];
const object: Kind = ['an object', isObject];
const optionKinds: Kinds<BrokerOptions> = {
  port: ['a whole number from 0 to 65535', (value) => isWhole(value, 0, 65_535)],
  host: text,
  dataDir: [
    'the name of a folder, or a list of such names',
    (value) => isName(value) || (Array.isArray(value) && value.length > 0 && value.every(isName)),
  ],
  clusterId: text,
  brokers: ['a whole number from 1 to 100', (value) => isWhole(value, 1, 100)],
  properties: object,
  topics: ['a list of names and objects', Array.isArray],
  logger: object,
  clock: object,
  random: object,
  disk: object,
};

const topicKinds: Kinds<TopicOptions> = {
  name: text,
  partitions: count,
  replicationFactor: count,
  config: object,
};

/** Types say it already, but not to those who write JavaScript. */
function checkOptions(options: BrokerOptions): void {
  check('startBroker', options, optionKinds);
  requireTexts('property', options.properties);
  for (const topic of options.topics ?? []) {
    if (typeof topic === 'string') continue;
    if (!isObject(topic) || !isText(topic.name)) {
      throw new TypeError('every topic of startBroker needs a name');
    }
    check(`topic ${topic.name} of startBroker`, topic, topicKinds);
    requireTexts(`configuration of topic ${topic.name},`, topic.config);
  }
}

/** @throws {TypeError} naming what there is not, or what has to be another kind of value */
function check<T extends object>(what: string, given: T, kinds: Kinds<T>): void {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(kinds, name));
  if (unknown.length > 0) {
    const known = Object.keys(kinds).join(', ');
    throw new TypeError(`${what} has no option ${unknown.join(', ')}; there are ${known}`);
  }
  for (const [name, [words, holds]] of Object.entries<Kind>(kinds)) {
    const value = given[name as keyof T];
    if (value === undefined || holds(value)) continue;
    throw new TypeError(`${what}: ${name} has to be ${words}, not ${inspect(value)}`);
  }
}

function requireTexts(what: string, values: Readonly<Record<string, unknown>> = {}): void {
  for (const [name, value] of Object.entries(values)) {
    if (isText(value)) continue;
    throw new TypeError(
      `startBroker: ${what} ${name} has to be a text, as in server.properties, not ${inspect(value)}`,
    );
  }
}

/** Kafka's tools may change the level of a running broker. */
const leveled = (logger: Logger): LeveledLogger =>
  logger instanceof LeveledLogger ? logger : new LeveledLogger(logger, 'info');
