import { MalformedMessage } from '../protocol/malformed-message.ts';

/** A record without time and headers. */
export interface KeyAndValue {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** Keys begin with their type, values with their version: an int16 before the fields. */
export function prefixed(number: number, fields: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(2 + fields.length);
  whole.writeInt16BE(number, 0);
  whole.set(fields, 2);
  return whole;
}

/** @throws {MalformedMessage} too short */
export function prefixOf(bytes: Buffer): number {
  if (bytes.length < 2) throw new MalformedMessage('a coordinator record without its type');
  return bytes.readInt16BE(0);
}
