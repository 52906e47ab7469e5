import { KeyHash } from './key-hash.ts';

/** A slot: 16 bytes of hash, 8 of offset. */
const slotSize = 24;
/** As in Apache Kafka, memory beyond is not used. */
const mostMemory = 2 ** 31 - 1;

/** How large a map is made, and how much goes into it. */
export interface MapSize {
  readonly slots: number;
  readonly mostEntries: number;
}

/**
 * The map for so many keys at most. No more memory is taken than they need, and never more than the
 * bound.
 *
 * @param memory      bound in bytes (`log.cleaner.dedupe.buffer.size`)
 * @param loadFactor  part of the slots that may be in use
 */
export function mapSizeFor(keys: number, memory: number, loadFactor: number): MapSize {
  const mostSlots = Math.floor(Math.min(memory, mostMemory) / slotSize);
  // Half empty: next to no slot is looked at in vain.
  const slots = Math.max(1, Math.min(mostSlots, 2 * keys + 1));
  return { slots, mostEntries: Math.floor(mostSlots * loadFactor) };
}

/** The latest offset of each key, known by its hash. */
export class OffsetMap {
  size = 0;

  private readonly hash: KeyHash;
  private readonly hashes: Int32Array;
  /** Offset and one: 0 stands for an empty slot. */
  private readonly offsets: Float64Array;
  private readonly slots: number;
  private readonly mostEntries: number;

  /** @param secret  16 bytes that nobody knows, so that nobody can find keys with the same hash */
  constructor({ slots, mostEntries }: MapSize, secret: Uint8Array) {
    this.hash = new KeyHash(secret);
    this.hashes = new Int32Array(slots * 4);
    this.offsets = new Float64Array(slots);
    this.slots = slots;
    this.mostEntries = Math.min(mostEntries, slots);
  }

  /** Notes the offset of a key. @returns false: full, nothing was noted */
  put(bytes: Uint8Array, start: number, length: number, offset: number): boolean {
    if (this.size >= this.mostEntries) return false;
    const slot = this.find(bytes, start, length);
    if (this.offsets[slot] === 0) {
      this.hashes.set(this.hash.result, slot * 4);
      this.size++;
    }
    this.offsets[slot] = offset + 1;
    return true;
  }

  /** The latest offset that was noted for a key; -1 when none was. */
  get(bytes: Uint8Array, start: number, length: number): number {
    if (this.size === 0) return -1;
    const slot = this.find(bytes, start, length);
    return slot < 0 ? -1 : (this.offsets[slot] as number) - 1;
  }

  /** The slot of a key, or the empty one where it belongs; -1 where there is neither. */
  private find(bytes: Uint8Array, start: number, length: number): number {
    const { hashes, offsets, slots } = this;
    const { result } = this.hash;
    this.hash.hash(bytes, start, length);
    const [a, b, c, d] = [result[0], result[1], result[2], result[3]];
    let slot = ((a as number) >>> 0) % slots;
    for (let i = 0; i < slots; i++) {
      if (offsets[slot] === 0) return slot;
      const at = slot * 4;
      if (
        hashes[at] === a &&
        hashes[at + 1] === b &&
        hashes[at + 2] === c &&
        hashes[at + 3] === d
      ) {
        return slot;
      }
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
    return -1;
  }
}
