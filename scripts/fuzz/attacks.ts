import { allApis } from '../../src/protocol/messages/all-apis.ts';
import { encode } from '../../src/protocol/codec.ts';
import { deleteGroups } from '../../src/protocol/messages/delete-groups.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import { buildBatch } from '../../src/protocol/record-batch.ts';
import type { AnyApi } from '../../src/protocol/schema.ts';
import { rangeOf } from '../../test/support/batches.ts';
import type { SeededRandom } from '../../test/support/seeded-random.ts';
import { flipBits, plausibleMessage, type World } from './plausible-message.ts';
import { framed, withHeader, type Request } from './requests.ts';

/** What one connection does. */
export interface Attack {
  readonly kind: string;
  /** Written one after another, each in a turn of its own. */
  readonly writes: readonly Buffer[];
  /**
   * `answer`: waits for an answer or the end.
   * `deaf`: reads nothing, and goes after a while.
   * `linger`: says no more, and goes after a while.
   */
  readonly then: 'answer' | 'deaf' | 'linger';
}

export interface Material {
  readonly golden: readonly Request[];
  /** Those that the broker serves; they come more often. */
  readonly served: readonly Request[];
  readonly servedKeys: ReadonlySet<number>;
  readonly world: () => World;
}

type Make = (random: SeededRandom, material: Material) => Buffer;

const extremes = [0, -1, -2, 1, 0x7f, 0x80, 0x7fff, 0x7fffffff, -0x80000000, 0x10000, 104_857_600];

/** One request, framed, with something about it. */
const oneRequest: Readonly<Record<string, Make>> = {
  golden: (random, material) => framed(request(random, material).bytes),

  bitFlips(random, material) {
    const bytes = Buffer.from(request(random, material).bytes);
    flipBits(bytes, random, 1 + random.below(random.below(4) === 0 ? 64 : 6));
    return framed(bytes);
  },

  truncated(random, material) {
    const { bytes } = request(random, material);
    return framed(bytes.subarray(0, random.below(bytes.length)));
  },

  longer(random, material) {
    const { bytes } = request(random, material);
    return framed(Buffer.concat([bytes, noise(random, 1 + random.below(64))]));
  },

  lengthFields(random, material) {
    const bytes = Buffer.from(request(random, material).bytes);
    for (let i = 0; i <= random.below(3); i++) overwrite(bytes, random);
    return framed(bytes);
  },

  spliced(random, material) {
    const [first, second] = [request(random, material), request(random, material)];
    const cut = random.below(first.bytes.length);
    return framed(
      Buffer.concat([
        first.bytes.subarray(0, cut),
        second.bytes.subarray(random.below(second.bytes.length)),
      ]),
    );
  },

  unknownApi(random, material) {
    const bytes = Buffer.from(request(random, material).bytes);
    if (random.below(2) === 0) bytes.writeInt16BE(random.below(65_536) - 32_768, 0);
    bytes.writeInt16BE(random.below(4) === 0 ? random.below(65_536) - 32_768 : random.below(30), 2);
    return framed(bytes);
  },

  plausible: (random, material) =>
    framed(plausible(random, material, pickServed(random, material))),

  plausibleProduce: (random, material) => framed(plausible(random, material, produce)),

  plausibleFlipped(random, material) {
    const bytes = plausible(random, material, pickServed(random, material));
    flipBits(bytes, random, 1 + random.below(3));
    return framed(bytes);
  },

  noise: (random) => framed(noise(random, random.below(400))),
};

/** Whole streams. */
const streams: Readonly<Record<string, (random: SeededRandom, material: Material) => Attack>> = {
  pipelined(random, material) {
    const requests = many(random, material, 2 + random.below(40));
    return { kind: 'pipelined', writes: [Buffer.concat(requests)], then: 'answer' };
  },

  cutAnywhere(random, material) {
    const stream = Buffer.concat(many(random, material, 1 + random.below(5)));
    const writes: Buffer[] = [];
    for (let at = 0; at < stream.length;) {
      const size = 1 + random.below(random.below(2) === 0 ? 8 : 500);
      writes.push(stream.subarray(at, at + size));
      at += size;
    }
    // No more turns than a connection is worth.
    const most = 60;
    if (writes.length > most) writes.push(Buffer.concat(writes.splice(most)));
    return { kind: 'cutAnywhere', writes, then: 'answer' };
  },

  wrongLength(random, material) {
    const { bytes } = request(random, material);
    const length = Math.max(0, bytes.length + random.below(41) - 20);
    return { kind: 'wrongLength', writes: [framed(bytes, length)], then: 'answer' };
  },

  giantLength(random, material) {
    const length = random.pick([-1, -0x80000000, 0x7fffffff, 104_857_600, 104_857_601, 50_000_000]);
    const start =
      random.below(2) === 0 ? noise(random, random.below(5_000)) : request(random, material).bytes;
    return {
      kind: 'giantLength',
      writes: [framed(start, length)],
      then: random.pick(['answer', 'linger']),
    };
  },

  rawNoise: (random) => ({
    kind: 'rawNoise',
    writes: [noise(random, 1 + random.below(2_000))],
    then: 'answer',
  }),

  halfOpen(random, material) {
    const frame = framed(request(random, material).bytes);
    return {
      kind: 'halfOpen',
      writes: [frame.subarray(0, random.below(frame.length))],
      then: 'linger',
    };
  },

  neverReads(random, material) {
    const requests = many(random, material, 200 + random.below(800));
    return { kind: 'neverReads', writes: requests, then: 'deaf' };
  },

  /** Little that becomes much when it is decompressed. */
  bomb(random, { world }) {
    const compression = random.pick(['gzip', 'snappy', 'lz4', 'zstd'] as const);
    const value = Buffer.alloc(1_000_000 * (1 + random.below(40)));
    const records = rangeOf(buildBatch({ records: [{ key: null, value }], compression }));
    const topicData = [
      { name: random.pick(world().topics).name, partitionData: [{ index: 0, records }] },
    ];
    const body = encode(produce.request, 9, { acks: 1, timeoutMs: 100, topicData });
    return { kind: 'bomb', writes: [framed(withHeader(produce, 9, body).bytes)], then: 'answer' };
  },

  /** Very many elements of a byte each. */
  swollen(random) {
    const groupsNames = Array.from({ length: 10 ** (3 + random.below(4)) }, () => '');
    const body = encode(deleteGroups.request, 2, { groupsNames });
    return {
      kind: 'swollen',
      writes: [framed(withHeader(deleteGroups, 2, body).bytes)],
      then: 'answer',
    };
  },

  largeFrame(random) {
    const size = 1_000_000 + random.below(8_000_000);
    const bytes = Buffer.alloc(size, random.below(256));
    const { bytes: head } = withHeader(produce, 3 + random.below(11), Buffer.alloc(0));
    head.copy(bytes);
    return { kind: 'largeFrame', writes: [framed(bytes)], then: 'answer' };
  },
};

/** Costly ones come seldom. */
const costly: ReadonlySet<string> = new Set(['neverReads', 'largeFrame', 'bomb', 'swollen']);
const oneKinds = Object.keys(oneRequest);
/** Those that leave the connection open, as a rule. */
const answeredKinds = ['golden', 'longer', 'plausible', 'plausible', 'plausibleProduce'];
const streamKinds = Object.keys(streams);

/** The attack of one turn of chance. */
export function makeAttack(random: SeededRandom, material: Material): Attack {
  if (random.below(5) > 0) {
    const kind = random.pick(oneKinds);
    return { kind, writes: [(oneRequest[kind] as Make)(random, material)], then: 'answer' };
  }
  const kind = random.pick(streamKinds);
  const chosen = costly.has(kind) && random.below(5) > 0 ? 'pipelined' : kind;
  const make = streams[chosen];
  if (make === undefined) throw new Error(`no attack ${chosen}`);
  return make(random, material);
}

function many(random: SeededRandom, material: Material, count: number): Buffer[] {
  const kinds = random.below(4) === 0 ? oneKinds : answeredKinds;
  const served = { ...material, golden: material.served };
  return Array.from({ length: count }, () =>
    (oneRequest[random.pick(kinds)] as Make)(random, served),
  );
}

function request(random: SeededRandom, { golden, served }: Material): Request {
  return random.pick(random.below(4) === 0 ? golden : served);
}

function pickServed(random: SeededRandom, { servedKeys }: Material): AnyApi {
  return random.pick(allApis.filter(({ key }) => servedKeys.has(key)));
}

function plausible(random: SeededRandom, { world }: Material, api: AnyApi): Buffer {
  const [lowest, highest] = api.versions;
  const version = lowest + random.below(highest - lowest + 1);
  const message = plausibleMessage(api, version, random, world());
  return withHeader(api, version, encode(api.request, version, message), 1 + random.below(1e9))
    .bytes;
}

function overwrite(bytes: Buffer, random: SeededRandom): void {
  const value = random.pick(extremes);
  const width = random.pick([1, 2, 4]);
  const from = 8; // key, version and correlation id stay
  if (bytes.length < from + width) return;
  const at = from + random.below(bytes.length - from - width + 1);
  if (width === 1) bytes[at] = value & 0xff;
  else if (width === 2) bytes.writeInt16BE((value << 16) >> 16, at);
  else bytes.writeInt32BE(value, at);
}

function noise(random: SeededRandom, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}
