/**
 * A 16-byte id in Kafka's text form: base64url, 22 characters, no padding. Kept as text because it
 * is a map key far more often than it is bytes.
 */
export type Uuid = string;

export const zeroUuid: Uuid = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Topic id of `__cluster_metadata`, reserved by Kafka. */
export const metadataTopicId: Uuid = 'AAAAAAAAAAAAAAAAAAAAAQ';

export function uuidFromBytes(bytes: Uint8Array): Uuid {
  return Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('base64url');
}

/**
 * A random (version 4) id as Kafka makes them: never reserved, and never with a leading `-`, which
 * command lines would take for an option.
 *
 * @param bytes16  source of chance
 */
export function randomUuid(bytes16: () => Uint8Array): Uuid {
  for (;;) {
    const bytes = Buffer.from(bytes16());
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const uuid = uuidFromBytes(bytes);
    if (!uuid.startsWith('-')) return uuid;
  }
}
