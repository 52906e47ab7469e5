/**
 * SipHash-2-4 with 128 bits of result: two keys of records are taken for the same if their hashes
 * agree, and then one of the records is lost. With a secret that nobody knows no one can find two
 * such keys, and chance needs some 10^19 of them. (Apache Kafka takes MD5 for the same purpose,
 * whose objects cost several times as much here.)
 *
 * 64-bit words are pairs of 32-bit halves: `state` has v0 to v3, the low half of each first.
 */
export class KeyHash {
  /** The hash, as four words, of what was given last. */
  readonly result = new Int32Array(4);

  private readonly initial = new Int32Array(8);
  private readonly state = new Int32Array(8);

  /** @param secret  16 bytes */
  constructor(secret: Uint8Array) {
    // "somepseudorandomlygeneratedbytes"
    this.initial.set([0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261]);
    this.initial.set([0x6e657261, 0x6c796765, 0x79746573, 0x74656462], 4);
    for (let i = 0; i < 8; i++) xor(this.initial, i, wordAt(secret, (i & 3) * 4));
    xor(this.initial, 2, 0xee); // the variant of 128 bits
  }

  /** Leaves the hash of `bytes[start, start + length)` in `result`. */
  hash(bytes: Uint8Array, start: number, length: number): void {
    const { state } = this;
    state.set(this.initial);
    const end = start + length;
    let at = start;
    for (; at + 8 <= end; at += 8) absorb(state, wordAt(bytes, at), wordAt(bytes, at + 4));
    absorb(state, restAt(bytes, at, end), restAt(bytes, at + 4, end) | (length << 24));
    xor(state, 4, 0xee);
    this.fold(0);
    xor(state, 2, 0xdd);
    this.fold(2);
  }

  private fold(at: number): void {
    const { state, result } = this;
    for (let i = 0; i < 4; i++) round(state);
    result[at] = result[at + 1] = 0;
    for (let i = 0; i < 8; i++) xor(result, at + (i & 1), state[i] as number);
  }
}

function absorb(state: Int32Array, low: number, high: number): void {
  xor(state, 6, low);
  xor(state, 7, high);
  round(state);
  round(state);
  xor(state, 0, low);
  xor(state, 1, high);
}

function xor(words: Int32Array, i: number, value: number): void {
  words[i] = (words[i] as number) ^ value;
}

/** One SipRound. */
function round(state: Int32Array): void {
  let [l0, h0] = [state[0] as number, state[1] as number];
  let [l1, h1] = [state[2] as number, state[3] as number];
  let [l2, h2] = [state[4] as number, state[5] as number];
  let [l3, h3] = [state[6] as number, state[7] as number];
  let low: number;

  low = (l0 + l1) | 0;
  h0 = (h0 + h1 + carry(low, l1)) | 0;
  l0 = low;
  low = (l1 << 13) | (h1 >>> 19);
  h1 = ((h1 << 13) | (l1 >>> 19)) ^ h0;
  l1 = low ^ l0;
  low = l0;
  l0 = h0;
  h0 = low;

  low = (l2 + l3) | 0;
  h2 = (h2 + h3 + carry(low, l3)) | 0;
  l2 = low;
  low = (l3 << 16) | (h3 >>> 16);
  h3 = ((h3 << 16) | (l3 >>> 16)) ^ h2;
  l3 = low ^ l2;

  low = (l0 + l3) | 0;
  h0 = (h0 + h3 + carry(low, l3)) | 0;
  l0 = low;
  low = (l3 << 21) | (h3 >>> 11);
  h3 = ((h3 << 21) | (l3 >>> 11)) ^ h0;
  l3 = low ^ l0;

  low = (l2 + l1) | 0;
  h2 = (h2 + h1 + carry(low, l1)) | 0;
  l2 = low;
  low = (l1 << 17) | (h1 >>> 15);
  h1 = ((h1 << 17) | (l1 >>> 15)) ^ h2;
  l1 = low ^ l2;
  low = l2;
  l2 = h2;
  h2 = low;

  state[0] = l0;
  state[1] = h0;
  state[2] = l1;
  state[3] = h1;
  state[4] = l2;
  state[5] = h2;
  state[6] = l3;
  state[7] = h3;
}

/** Whether the low half of a sum has wrapped around. */
function carry(sum: number, part: number): number {
  return sum >>> 0 < part >>> 0 ? 1 : 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** As `wordAt`, with zeros from `end` on. */
function restAt(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let i = 0; i < 4 && at + i < end; i++) word |= (bytes[at + i] as number) << (8 * i);
  return word;
}
