/**
 * Strings and ids that were decoded lately. Topic names, client ids and topic ids come again with
 * every request; finding one here costs half of decoding it anew and no memory.
 *
 * Direct-mapped: one string per slot, the newest wins. What a sender can cost us by choosing strings
 * that share a slot is the decoding it would have cost anyway.
 */

const slots = 2048;
const longestKept = 255;
const zeroUuidText = 'AAAAAAAAAAAAAAAAAAAAAA';

export class StringCache {
  private readonly strings: string[] = new Array<string>(slots).fill('');
  private readonly uuids: string[] = new Array<string>(slots).fill(zeroUuidText);
  /** The four words of the id in the slot of the same number. */
  private readonly uuidWords = new Int32Array(slots * 4);

  /** @param length  at least 1, and all of it inside the view */
  string(view: DataView, buffer: Buffer, base: number, at: number, length: number): string {
    const end = at + length;
    const tail = view.getUint8(end - 1) + (length > 1 ? view.getUint8(end - 2) << 8 : 0);
    const head = view.getUint8(at) + (view.getUint8(at + (length >> 1)) << 8);
    const slot = ((tail * 31 + head) * 31 + length) & (slots - 1);
    const kept = this.strings[slot] as string;
    if (kept.length === length) {
      let i = 0;
      while (i < length && kept.charCodeAt(i) === view.getUint8(at + i)) i++;
      if (i === length) return kept;
    }
    const text = buffer.toString('utf8', base + at, base + end);
    // As many characters as bytes means ASCII, for which the comparison above is right. An invalid
    // byte becomes one U+FFFD and is never equal to a byte.
    if (text.length === length && length <= longestKept) this.strings[slot] = text;
    return text;
  }

  uuid(view: DataView, buffer: Buffer, base: number, at: number): string {
    const a = view.getInt32(at);
    const b = view.getInt32(at + 4);
    const c = view.getInt32(at + 8);
    const d = view.getInt32(at + 12);
    const mixed = Math.imul(a ^ c, 0x9e3779b1) ^ b ^ d;
    const slot = (mixed ^ (mixed >>> 15)) & (slots - 1);
    const words = this.uuidWords;
    const first = slot * 4;
    if (
      words[first] === a &&
      words[first + 1] === b &&
      words[first + 2] === c &&
      words[first + 3] === d
    ) {
      return this.uuids[slot] as string;
    }
    const text = buffer.toString('base64url', base + at, base + at + 16);
    words[first] = a;
    words[first + 1] = b;
    words[first + 2] = c;
    words[first + 3] = d;
    this.uuids[slot] = text;
    return text;
  }
}
