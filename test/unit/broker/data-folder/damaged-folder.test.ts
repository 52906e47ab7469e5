import { beforeAll, describe, expect, test } from '@jest/globals';
import { dumpPath } from '../../../../src/broker/data-folder/dump-file.ts';
import { lineAsJson, lineAsText } from '../../../../src/storage/disk/dump/dump-line.ts';
import type { MemoryDisk } from '../../../support/memory-disk.ts';
import { checked, plantedDisk } from '../../../support/planted-folder.ts';
import { SeededRandom } from '../../../support/seeded-random.ts';

let whole: MemoryDisk;
beforeAll(async () => {
  whole = await plantedDisk();
  whole.writeFile('/data/log-start-offset-checkpoint', '0\n1\norders 0 1\n');
  whole.writeFile('/data/cleaner-offset-checkpoint', '0\n0\n');
  whole.writeFile(
    '/data/__cluster_metadata-0/00000000000000000002-0000000001.checkpoint',
    whole.readFile('/data/bootstrap.checkpoint'),
  );
});

const files = (): string[] => whole.files().filter((path) => !path.endsWith('.lock'));

function damaged(path: string, edit: (bytes: Buffer) => Buffer): MemoryDisk {
  const disk = whole.copy();
  const bytes = edit(disk.readFile(path));
  disk.remove(path);
  disk.writeFile(path, bytes);
  return disk;
}

describe('a segment', () => {
  test('every flipped bit is an error', async () => {
    const random = new SeededRandom(11);
    const segments = files().filter((path) => path.endsWith('.log'));
    for (let round = 0; round < 400; round++) {
      const path = segments[Math.floor(random.fraction() * segments.length)]!;
      const at = Math.floor(random.fraction() * whole.stat(path)!.size);
      const bit = Math.floor(random.fraction() * 8);
      const disk = damaged(path, (bytes) => {
        bytes[at]! ^= 1 << bit;
        return bytes;
      });
      const { report } = await checked(disk);
      expect([path, at, bit, report.errors > 0]).toEqual([path, at, bit, true]);
    }
  });

  test('cut anywhere but between batches, it is an error', async () => {
    const path = files().find((name) => name.endsWith('45.log'))!;
    for (let length = 0; length < whole.stat(path)!.size; length += 7) {
      const { report } = await checked(damaged(path, (bytes) => bytes.subarray(0, length)));
      expect([length, report.errors > 0]).toEqual([length, true]);
    }
  });
});

describe('any file', () => {
  const mutations: Record<string, (bytes: Buffer, random: SeededRandom) => Buffer> = {
    flipped: (bytes, random) => {
      for (let i = 0; i < 3 && bytes.length > 0; i++) {
        bytes[Math.floor(random.fraction() * bytes.length)] = Math.floor(random.fraction() * 256);
      }
      return bytes;
    },
    cut: (bytes, random) => bytes.subarray(0, Math.floor(random.fraction() * bytes.length)),
    extended: (bytes, random) =>
      Buffer.concat([bytes, ...Array.from({ length: 4 }, () => random.bytes16())]),
    garbage: (bytes, random) =>
      Buffer.concat(Array.from({ length: 1 + (bytes.length >> 4) }, () => random.bytes16())),
    zeros: (bytes) => Buffer.alloc(bytes.length),
    empty: () => Buffer.alloc(0),
  };

  test.each(Object.keys(mutations))('%s: the check and the dump come to their end', async (how) => {
    const random = new SeededRandom(how.length);
    for (const path of files()) {
      for (let round = 0; round < 8; round++) {
        const disk = damaged(path, (bytes) => mutations[how]!(bytes, random));
        const { lines } = await checked(disk);
        expect(lines.filter((line) => line.includes('cannot be checked'))).toEqual([]);
        expect(disk.openFiles).toBe(0);
        for (const line of dumpPath(disk, path, { records: true, decode: 'auto' })) {
          expect(lineAsText(line) + lineAsJson(line)).not.toBe('');
        }
        expect(disk.openFiles).toBe(0);
      }
    }
  });

  test('a folder in place of a file comes to an end, too', async () => {
    for (const path of files().filter((name) => !name.endsWith('.kafka_cleanshutdown'))) {
      const disk = whole.copy();
      disk.remove(path);
      disk.makeDirectory(path);
      const { report } = await checked(disk);
      expect([path, report.errors + report.notes > 0]).toEqual([path, true]);
    }
  });
});
