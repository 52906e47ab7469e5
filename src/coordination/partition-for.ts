/** Java's `String.hashCode`: over UTF-16 units, in 32-bit arithmetic. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  }
  return hash;
}

/**
 * The partition of an internal topic that is in charge of a group id or transactional id, as every
 * client's Kafka computes it: the absolute hash, where that of the smallest integer is 0.
 */
export function partitionFor(key: string, partitions: number): number {
  const hash = javaHashCode(key);
  return (hash === -0x80000000 ? 0 : Math.abs(hash)) % partitions;
}
