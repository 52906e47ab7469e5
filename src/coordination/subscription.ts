/**
 * Topics named in a consumer's subscription, or undefined when these bytes are not one.
 *
 * Only the part that all versions of the consumer protocol begin with is read, so that newer ones
 * do not concern us: version int16, then an array (int32 count) of strings (int16 length, UTF-8).
 */
export function subscribedTopicsOf(metadata: Buffer): string[] | undefined {
  if (metadata.length < 6) return undefined;
  const count = metadata.readInt32BE(2);
  if (count < 0) return undefined;
  const topics: string[] = [];
  let position = 6;
  for (let index = 0; index < count; index++) {
    if (position + 2 > metadata.length) return undefined;
    const length = metadata.readInt16BE(position);
    position += 2;
    if (length < 0 || position + length > metadata.length) return undefined;
    topics.push(metadata.toString('utf8', position, position + length));
    position += length;
  }
  return topics;
}
