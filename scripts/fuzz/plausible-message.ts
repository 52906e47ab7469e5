import { includes } from '../../src/protocol/schema.ts';
import type { AnyApi, FieldSpec, Fields } from '../../src/protocol/schema.ts';
import { batchOf, idempotentBatch } from '../../test/support/batches.ts';
import { fieldsAt } from '../../test/support/golden-messages.ts';
import { randomMessage } from '../../test/support/random-messages.ts';
import type { SeededRandom } from '../../test/support/seeded-random.ts';

/** What there is in the broker to be asked about. */
export interface World {
  readonly topics: readonly { readonly name: string; readonly id: string }[];
  readonly groups: readonly string[];
}

type Choice = (random: SeededRandom, world: World) => unknown;

const number =
  (bound: number, from = 0): Choice =>
  (random) =>
    from + random.below(bound);
const topicName: Choice = (random, { topics }) => random.pick(topics).name;
const group: Choice = (random, { groups }) => random.pick(groups);
const text =
  (...choices: string[]): Choice =>
  (random) =>
    random.pick(choices);

const configName = text('retention.ms', 'cleanup.policy', 'compression.type', 'max.message.bytes');

/**
 * Values that lead on, by the names of fields. Waiting times stay short: a parked request proves
 * nothing.
 */
const choices: Readonly<Record<string, Choice>> = {
  topic: topicName,
  topicName,
  name: (random, world) => (random.below(5) > 0 ? topicName : configName)(random, world),
  resourceName: topicName,
  resourceType: () => 2, // topics: a broker's properties are not ours to change
  configName,
  value: text('1', '1000', 'delete', 'gzip', 'true', '-1', 'x'),
  topicId: (random, { topics }) => random.pick(topics).id,
  groupId: group,
  group,
  key: group,
  coordinatorKeys: (random, world) => [group(random, world)],
  groups: (random, world) => [group(random, world)],
  groupsNames: (random, world) => [group(random, world)],
  memberId: text('', 'a', 'b'),
  protocolType: text('consumer', 'connect', ''),
  partition: number(4, -1),
  partitionIndex: number(4, -1),
  partitionIndexes: (random) => [random.below(3)],
  index: number(3),
  acks: number(3, -1),
  maxWaitMs: number(50),
  timeoutMs: number(200),
  sessionTimeoutMs: number(5_000, 1_000),
  rebalanceTimeoutMs: number(2_000),
  generationId: number(4, -1),
  generationIdOrMemberEpoch: number(4, -1),
  currentLeaderEpoch: number(3, -1),
  leaderEpoch: number(3, -1),
  fetchOffset: number(40),
  offset: number(40, -1),
  committedOffset: number(40, -1),
  sessionId: number(3),
  sessionEpoch: number(4, -1),
  isolationLevel: number(2),
  keyType: number(2),
  numPartitions: number(8, -1),
  replicationFactor: number(3, -1),
  count: number(8),
  producerId: number(20, -1),
  producerEpoch: number(3, -1),
  transactionalId: () => null,
  records: (random) => recordsOf(random),
};

const codecs = ['none', 'none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

function batch(random: SeededRandom) {
  const compression = random.pick(codecs);
  const timestamp = Date.now();
  if (random.below(2) === 0) {
    const values = Array.from({ length: 1 + random.below(5) }, (_, index) => `value ${index}`);
    return batchOf(values, { compression, timestamp });
  }
  const [id, epoch, sequence] = [random.below(10), random.below(2), random.below(10)];
  return idempotentBatch(id, epoch, sequence, 1 + random.below(3), { compression, timestamp });
}

/** Batches as clients send them; most with some bits the other way round. */
function recordsOf(random: SeededRandom) {
  const { buffer } = batch(random);
  if (random.below(3) > 0) flipBits(buffer, random, 1 + random.below(4));
  const end = random.below(10) === 0 ? random.below(buffer.length) : buffer.length;
  return { buffer, start: 0, end };
}

export function flipBits(bytes: Buffer, random: SeededRandom, count: number): void {
  for (let i = 0; i < count && bytes.length > 0; i++) {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  }
}

/** A request with chance values in every field, many of which name something that exists. */
export function plausibleMessage(
  api: AnyApi,
  version: number,
  random: SeededRandom,
  world: World,
): object {
  const message = randomMessage(api.request, version, random);
  return improvedStruct(api.request.fields, message, version, random, world);
}

function improvedStruct(
  fields: Fields,
  message: Record<string, unknown>,
  version: number,
  random: SeededRandom,
  world: World,
): Record<string, unknown> {
  const better = { ...message };
  for (const [name, field] of fieldsAt(fields, version)) {
    const value = message[name];
    const choice = choices[name]?.(random, world);
    better[name] =
      fits(field, version, value, choice) && random.below(10) > 0
        ? choice
        : improved(field, value, version, random, world);
  }
  return better;
}

function improved(
  field: FieldSpec,
  value: unknown,
  version: number,
  random: SeededRandom,
  world: World,
): unknown {
  if (value === null) return null;
  if (field.kind === 'struct') {
    const struct = value as Record<string, unknown>;
    return improvedStruct(field.fields ?? {}, struct, version, random, world);
  }
  const { element } = field;
  if (element === null) return value;
  return (value as unknown[]).map((item) => improved(element, item, version, random, world));
}

/** Some names mean different things in different messages. */
function fits(field: FieldSpec, version: number, before: unknown, after: unknown): boolean {
  if (after === null) return includes(field.nullable, version);
  if (after === undefined || before === null) return false;
  if (!Array.isArray(after)) return typeof before === typeof after;
  if (field.kind !== 'array') return false;
  return (
    (field.element?.kind === 'string') === (typeof after[0] === 'string') &&
    field.element?.kind !== 'struct'
  );
}
