import { KeyHash } from './key-hash.ts';

/** 32-bit words of a slot: four of hash, two for the offset. */
const slotWords = 6;
const slotSize = slotWords * 4;
/** As in Apache Kafka, memory beyond is not used. */
const mostMemory = 2 ** 31 - 1;
/** Slots of one table: moving it to a larger one shall take less than a millisecond. */
const mostSlotsOfTable = 2 ** 14;
const firstSlots = 64;

/**
 * The latest offset of each key, known by its hash. It consists of many small tables that grow one by
 * one: a few keys that come again and again stay close together in memory, and no single `put` has to
 * move all of them.
 */
export class OffsetMap {
  private readonly hash: KeyHash;
  private readonly tables: Table[] = [];

  /**
   * @param memory      bound in bytes (`log.cleaner.dedupe.buffer.size`); no more is taken than the keys need
   * @param loadFactor  part of the slots that may be in use
   * @param secret      16 bytes that nobody knows, so that nobody can find keys with the same hash
   */
  constructor(memory: number, loadFactor: number, secret: Uint8Array) {
    this.hash = new KeyHash(secret);
    const slots = Math.floor(Math.min(memory, mostMemory) / slotSize);
    const count = 2 ** Math.max(0, Math.ceil(Math.log2(slots / mostSlotsOfTable)));
    for (let i = 0; i < count; i++) {
      this.tables.push(new Table(Math.floor(slots / count), loadFactor));
    }
  }

  get size(): number {
    return this.tables.reduce((size, table) => size + table.size, 0);
  }

  /** Notes the offset of a key. @returns false: there is no room, nothing was noted */
  put(bytes: Uint8Array, start: number, length: number, offset: number): boolean {
    this.hash.hash(bytes, start, length);
    return this.tableOf().put(this.hash.result, offset);
  }

  /** The latest offset that was noted for a key; -1 when none was. */
  get(bytes: Uint8Array, start: number, length: number): number {
    this.hash.hash(bytes, start, length);
    return this.tableOf().get(this.hash.result);
  }

  private tableOf(): Table {
    const last = this.hash.result[3] as number;
    return this.tables[last & (this.tables.length - 1)] as Table;
  }
}

/** Slots of a hash and an offset side by side, so that a look touches one place of the memory. */
class Table {
  size = 0;

  private slots = 0;
  private words = new Int32Array(0);
  /** The same memory. The offset is kept and one: 0 stands for an empty slot. */
  private offsets = new Float64Array(0);
  private readonly mostEntries: number;

  constructor(
    private readonly mostSlots: number,
    loadFactor: number,
  ) {
    this.mostEntries = Math.floor(mostSlots * loadFactor);
  }

  put(hash: Int32Array, offset: number): boolean {
    if (this.size >= this.mostEntries) return false;
    // Half empty as long as there is memory: next to no slot is looked at in vain.
    if (this.size * 2 >= this.slots && this.slots < this.mostSlots) this.grow();
    const slot = this.find(hash, 0);
    if (this.offsets[slot * 3 + 2] === 0) {
      for (let i = 0; i < 4; i++) this.words[slot * slotWords + i] = hash[i] as number;
      this.size++;
    }
    this.offsets[slot * 3 + 2] = offset + 1;
    return true;
  }

  get(hash: Int32Array): number {
    const slot = this.size === 0 ? -1 : this.find(hash, 0);
    return slot < 0 ? -1 : (this.offsets[slot * 3 + 2] as number) - 1;
  }

  /**
   * The slot of a hash, or the empty one where it belongs; -1 where there is neither.
   *
   * @param from  where its four words are in `hash`
   */
  private find(hash: Int32Array, from: number): number {
    const { words, offsets, slots } = this;
    const first = hash[from] as number;
    let slot = (first >>> 0) % slots;
    for (let i = 0; i < slots; i++) {
      if (offsets[slot * 3 + 2] === 0) return slot;
      const at = slot * slotWords;
      if (
        words[at] === first &&
        words[at + 1] === hash[from + 1] &&
        words[at + 2] === hash[from + 2] &&
        words[at + 3] === hash[from + 3]
      ) {
        return slot;
      }
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
    return -1;
  }

  private grow(): void {
    const { slots, words, offsets } = this;
    this.slots = Math.min(Math.max(firstSlots, slots * 2), this.mostSlots);
    this.words = new Int32Array(this.slots * slotWords);
    this.offsets = new Float64Array(this.words.buffer);
    for (let slot = 0; slot < slots; slot++) {
      if (offsets[slot * 3 + 2] === 0) continue;
      const at = slot * slotWords;
      const to = this.find(words, at) * slotWords;
      for (let i = 0; i < slotWords; i++) this.words[to + i] = words[at + i] as number;
    }
  }
}
