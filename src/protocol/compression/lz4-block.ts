import { MalformedMessage } from '../malformed-message.ts';

/*
 * An LZ4 block is a list of sequences:
 *
 *   token           high four bits: number of literals, low four: length of the match - 4
 *   more literals   if 15: bytes to add, up to the first below 255
 *   literals
 *   offset          uint16, little-endian: how far back the match begins
 *   longer match    if 15: bytes to add, as above
 *
 * The last one ends behind its literals. Five bytes at the end are literals, and no match begins
 * within twelve.
 */

const shortestMatch = 4;
const literalsAtEnd = 5;
const noMatchAtEnd = 12;
const hashBits = 13;

/** Bytes that a block of `size` bytes may take at most. */
export function compressedBound(size: number): number {
  return size + Math.ceil(size / 255) + 16;
}

/**
 * Compresses `source` (64 KiB or less) into `target` from its start, which has room for
 * `compressedBound`. One look-up by position, no search: fast, as Kafka's default level.
 *
 * @returns  bytes written
 */
export function compressBlock(source: Buffer, target: Buffer): number {
  const positions = new Uint16Array(1 << hashBits);
  const matchLimit = source.length - noMatchAtEnd;
  let literals = 0; // where those begin that are not written yet
  let written = 0;
  let misses = 0;
  for (let at = 1; at < matchLimit;) {
    const bytes = word(source, at);
    const hash = Math.imul(bytes, 0x9e3779b1) >>> (32 - hashBits);
    const candidate = positions[hash] as number;
    positions[hash] = at;
    if (candidate >= at || word(source, candidate) !== bytes) {
      at += 1 + (misses++ >> 6); // faster through what does not compress
      continue;
    }
    misses = 0;
    let end = at + shortestMatch;
    const last = source.length - literalsAtEnd;
    for (let from = candidate + shortestMatch; end < last && source[end] === source[from]; from++) {
      end++;
    }
    written = putLiterals(source, literals, at, target, written, end - at - shortestMatch);
    written = putMatch(target, written, at - candidate, end - at - shortestMatch);
    at = literals = end;
  }
  return putLiterals(source, literals, source.length, target, written, 0);
}

function putLiterals(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
  matchRest: number,
): number {
  const count = end - start;
  target[at] = (Math.min(count, 15) << 4) | Math.min(matchRest, 15);
  const position = putRest(target, at + 1, count);
  source.copy(target, position, start, end);
  return position + count;
}

function putMatch(target: Buffer, at: number, offset: number, matchRest: number): number {
  target[at] = offset;
  target[at + 1] = offset >> 8;
  return putRest(target, at + 2, matchRest);
}

/** What of a length did not fit into the token. */
function putRest(target: Buffer, at: number, length: number): number {
  if (length < 15) return at;
  let position = at;
  let rest = length - 15;
  for (; rest >= 255; rest -= 255) target[position++] = 255;
  target[position++] = rest;
  return position;
}

/**
 * Decompresses the block between `start` and `end` into `target` from its start.
 *
 * @returns  bytes written
 * @throws {MalformedMessage} not such a block, or more than `target` has room for
 */
export function decompressBlock(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
): number {
  let at = start;
  let written = 0;
  while (at < end) {
    const token = source[at++] as number;
    let count = token >> 4;
    if (count === 15) {
      let more = 255;
      for (; more === 255 && at < end; count += more) more = source[at++] as number;
      if (more === 255) throw new MalformedMessage('lz4: a block ends within a length');
    }
    if (count > end - at || count > target.length - written) {
      throw new MalformedMessage('lz4: literals that do not fit');
    }
    for (const stop = at + count; at < stop;) target[written++] = source[at++] as number;
    if (at === end) return written;

    if (end - at < 2) throw new MalformedMessage('lz4: a block ends within an offset');
    const offset = (source[at] as number) | ((source[at + 1] as number) << 8);
    at += 2;
    let length = token & 15;
    if (length === 15) {
      let more = 255;
      for (; more === 255 && at < end; length += more) more = source[at++] as number;
      if (more === 255) throw new MalformedMessage('lz4: a block ends within a length');
    }
    length += shortestMatch;
    if (offset === 0 || offset > written || length > target.length - written) {
      throw new MalformedMessage('lz4: a match that does not fit');
    }
    // A match may overlap what it writes: byte by byte.
    for (const stop = written + length; written < stop; written++) {
      target[written] = target[written - offset] as number;
    }
  }
  throw new MalformedMessage('lz4: a block without its last literals');
}

function word(bytes: Buffer, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
