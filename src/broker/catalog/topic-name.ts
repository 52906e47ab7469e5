import { KafkaError } from '../../protocol/kafka-error.ts';

export const offsetsTopic = '__consumer_offsets';
export const transactionsTopic = '__transaction_state';
export const shareStateTopic = '__share_group_state';
export const metadataTopic = '__cluster_metadata';

const internalTopics: ReadonlySet<string> = new Set([
  offsetsTopic,
  transactionsTopic,
  shareStateTopic,
]);

const maxLength = 249;

/** Told to clients as internal: consumers with a pattern subscription leave it out. */
export const isInternalTopic = (name: string): boolean => internalTopics.has(name);

/** Why a name cannot be a topic's, in the words Kafka's tools print; undefined when it can. */
export function invalidTopicName(name: string): string | undefined {
  const reason = reasonInvalid(name);
  return reason === undefined ? undefined : `Topic name is invalid: ${reason}`;
}

/** @throws {KafkaError} INVALID_TOPIC_EXCEPTION */
export function requireTopicName(name: string): void {
  const problem = invalidTopicName(name);
  if (problem !== undefined) throw new KafkaError('INVALID_TOPIC_EXCEPTION', problem);
}

function reasonInvalid(name: string): string | undefined {
  if (name === '') return 'the empty string is not allowed';
  if (name === '.' || name === '..') return `'${name}' is not allowed`;
  if (name.length > maxLength) {
    return `the length of '${name}' is longer than the max allowed length ${maxLength}`;
  }
  if (/^[a-zA-Z0-9._-]+$/.test(name)) return undefined;
  return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
}

/**
 * Names of metrics have `_` for `.`, so two topics that differ only there would share theirs; Kafka
 * refuses the second one.
 *
 * @returns the name that all colliding names share; undefined when the name cannot collide
 */
export function collisionName(name: string): string | undefined {
  return /[._]/.test(name) ? name.replaceAll('.', '_') : undefined;
}
