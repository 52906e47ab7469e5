import { describe, expect, test } from '@jest/globals';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

/** A disk with a durable folder `/d`. */
function diskWithFolder(seed = 1): MemoryDisk {
  const disk = new MemoryDisk(() => 0, new SeededRandom(seed));
  disk.makeDirectory('/d');
  disk.syncDirectory('');
  return disk;
}

/** Writes a file and makes its name and contents durable. */
function putDurably(disk: MemoryDisk, path: string, text: string): void {
  disk.writeFile(path, text, { sync: true });
  disk.syncDirectory('/d');
}

const textOf = (disk: MemoryDisk, path: string): string => disk.readFile(path).toString();

describe('a power cut', () => {
  test('takes a name whose folder was not synced, although its contents were', () => {
    const disk = diskWithFolder();
    disk.writeFile('/d/a', 'text', { sync: true });
    expect(disk.afterPowerCut().files()).toEqual([]);
    disk.syncDirectory('/d');
    expect(textOf(disk.afterPowerCut(), '/d/a')).toBe('text');
  });

  test('takes contents whose file was not synced, although its name was', () => {
    const disk = diskWithFolder();
    disk.writeFile('/d/a', 'text');
    disk.syncDirectory('/d');
    expect(textOf(disk.afterPowerCut(), '/d/a')).toBe('');
  });

  test('leaves the old or the new one of a renamed pair, never neither', () => {
    const found = new Set<string>();
    for (let seed = 1; seed < 30; seed++) {
      const disk = diskWithFolder(seed);
      putDurably(disk, '/d/a', 'old');
      disk.writeFile('/d/b', 'new', { sync: true });
      disk.rename('/d/b', '/d/a');
      found.add(textOf(disk.afterPowerCut('some'), '/d/a'));
    }
    expect([...found].sort()).toEqual(['new', 'old']);
  });

  test('leaves any part of what was not synced: prefixes, holes, all and nothing', () => {
    const found = new Set<string>();
    for (let seed = 1; seed < 300; seed++) {
      const disk = diskWithFolder(seed);
      putDurably(disk, '/d/a', '');
      const file = disk.open('/d/a');
      file.writeSync([Buffer.from('ab')], 0);
      file.writeSync([Buffer.from('cd')], 2);
      const text = textOf(disk.afterPowerCut('some'), '/d/a');
      found.add(text.replaceAll('\0', '.'));
    }
    for (const text of ['', 'a', 'ab', 'abc', 'abcd', '..cd', '..', '....']) {
      expect(found).toContain(text);
    }
  });

  test('undoes nothing that a first one has left', () => {
    const disk = diskWithFolder();
    disk.writeFile('/d/a', 'text');
    const first = disk.afterPowerCut('everything');
    expect(textOf(first.afterPowerCut('nothing'), '/d/a')).toBe('text');
  });
});

describe('the end of a process', () => {
  test('takes nothing, but what was not durable still is not', () => {
    const disk = diskWithFolder();
    putDurably(disk, '/d/a', 'old');
    disk.writeFile('/d/a', 'new');
    const next = disk.copy();
    expect(textOf(next, '/d/a')).toBe('new');
    expect(textOf(next.afterPowerCut(), '/d/a')).not.toBe('new');
  });

  test('tears the write under way, and nobody hears of it', async () => {
    const sizes = new Set<number>();
    for (let seed = 1; seed < 50; seed++) {
      const disk = diskWithFolder(seed);
      const file = disk.open('/d/a', { create: true });
      let isHeard = false;
      void file.write([Buffer.from('text')], 0).finally(() => (isHeard = true));
      disk.turnOff();
      await new Promise((resolve) => setImmediate(resolve));
      expect(isHeard).toBe(false);
      sizes.add(disk.copy().readFile('/d/a').length);
    }
    expect([...sizes].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test('comes with the call that was said, and all later ones fail', () => {
    const disk = diskWithFolder();
    disk.turnOffAfter(1);
    disk.writeFile('/d/a', 'a');
    expect(() => disk.writeFile('/d/b', 'b')).toThrow('the machine is off');
    expect(() => disk.readFile('/d/a')).toThrow('the machine is off');
    expect(textOf(disk.copy(), '/d/a')).toBe('a');
  });

  test('comes with a look as well', () => {
    const disk = diskWithFolder();
    putDurably(disk, '/d/a', 'text');
    disk.turnOffAfter(0);
    expect(disk.exists('/d/a')).toBe(false);
    expect(disk.isOff).toBe(true);
    const next = disk.copy();
    next.turnOffAfter(0);
    expect(() => next.list('/d')).toThrow('the machine is off');
  });
});

describe('faults', () => {
  test('after a failed fsync a later one brings nothing back', () => {
    let lost = 0;
    for (let seed = 1; seed < 50; seed++) {
      const disk = diskWithFolder(seed);
      putDurably(disk, '/d/a', '');
      const file = disk.open('/d/a');
      file.writeSync([Buffer.from('text')], 0);
      disk.failWith('sync', 'EIO');
      expect(() => file.syncNow()).toThrow('EIO');
      disk.heal();
      file.syncNow();
      if (textOf(disk.afterPowerCut(), '/d/a') !== 'text') lost++;
    }
    expect(lost).toBeGreaterThan(10);
  });

  test.each([
    ['size', (disk: MemoryDisk) => disk.open('/d/a').size()],
    ['stat', (disk: MemoryDisk) => disk.stat('/d/a')],
    ['list', (disk: MemoryDisk) => disk.list('/d')],
    ['volume', (disk: MemoryDisk) => disk.volume('/d')],
  ])('a look fails as other calls do: %s', (_, look) => {
    const disk = diskWithFolder();
    putDurably(disk, '/d/a', 'text');
    expect(() => look(disk)).not.toThrow();
    disk.failWith('look', 'EIO');
    expect(() => look(disk)).toThrow('EIO');
    expect(disk.exists('/d/a')).toBe(true); // the system's own does not throw either
  });

  test('calls end in an order that repeats with the seed', async () => {
    const orderOf = async (seed: number): Promise<string> => {
      const disk = diskWithFolder(seed);
      const file = disk.open('/d/a', { create: true });
      let order = '';
      const writes = ['a', 'b', 'c', 'd', 'e', 'f'].map(async (letter) => {
        await file.write([Buffer.from(letter)], 0);
        order += letter;
      });
      await Promise.all(writes);
      return order;
    };
    expect(await orderOf(3)).toBe(await orderOf(3));
    expect(await orderOf(3)).not.toBe('abcdef');
  });
});
