/**
 * An address as Java prints one, which is how members of groups are listed: with a slash in front,
 * IPv4 also when it came in over an IPv6 socket, IPv6 without abbreviation.
 */
export function javaAddress(address: string): string {
  const plain = address.replace(/%.*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return `/${mapped}`;
  return `/${plain.includes(':') ? unabbreviated(plain) : plain}`;
}

function unabbreviated(address: string): string {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...new Array<string>(zeros).fill('0'), ...after]
    .map((part) => part.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}
