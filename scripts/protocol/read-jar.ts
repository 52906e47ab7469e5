import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const endOfDirectory = 0x06054b50;
const stored = 0;

/**
 * The files of a jar whose names end in `suffix`, by name. A jar is a zip file: the directory at its
 * end says where each file starts and how long it is.
 */
export function readJar(path: string, suffix: string): Map<string, Buffer> {
  const jar = readFileSync(path);
  let end = jar.length - 22;
  while (end >= 0 && jar.readUInt32LE(end) !== endOfDirectory) end--;
  if (end < 0) throw new Error(`${path} is not a jar`);

  const files = new Map<string, Buffer>();
  let entry = jar.readUInt32LE(end + 16);
  for (let left = jar.readUInt16LE(end + 10); left > 0; left--) {
    const method = jar.readUInt16LE(entry + 10);
    const size = jar.readUInt32LE(entry + 20);
    const nameLength = jar.readUInt16LE(entry + 28);
    const extraLength = jar.readUInt16LE(entry + 30);
    const commentLength = jar.readUInt16LE(entry + 32);
    const header = jar.readUInt32LE(entry + 42);
    const name = jar.toString('utf8', entry + 46, entry + 46 + nameLength);
    if (name.endsWith(suffix)) {
      const start = header + 30 + jar.readUInt16LE(header + 26) + jar.readUInt16LE(header + 28);
      const data = jar.subarray(start, start + size);
      files.set(name, method === stored ? data : inflateRawSync(data));
    }
    entry += 46 + nameLength + extraLength + commentLength;
  }
  return files;
}
