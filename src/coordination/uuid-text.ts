/** Random bytes as a version 4 UUID in its usual form, as Kafka puts it behind client ids. */
export function uuidText(bytes16: Uint8Array): string {
  const bytes = Buffer.from(bytes16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  const ends = [8, 12, 16, 20, 32];
  return ends.map((end, index) => hex.slice(ends[index - 1] ?? 0, end)).join('-');
}
