import { expect, test } from '@jest/globals';
import { Descriptors } from '../../../src/host/descriptors.ts';
import { SparingDisk } from '../../../src/host/sparing-disk.ts';
import { FileHandle, OpenFiles } from '../../../src/storage/disk/open-files.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';

/** Takes sockets until one is refused; how many there are. */
function takeAll(descriptors: Descriptors): number {
  let taken = 0;
  while (taken < 10_000 && descriptors.takeSocket()) taken++;
  return taken;
}

test('without a limit nothing is refused', () => {
  const descriptors = new Descriptors();
  expect(takeAll(descriptors)).toBe(10_000);
  expect(descriptors.mostFiles).toBe(Infinity);
});

test.each([0, 20, 40, 100, 1000, 100_000])('of %d descriptors sockets leave some', (most) => {
  const descriptors = new Descriptors(most);
  const sockets = takeAll(descriptors);
  expect(sockets).toBeGreaterThanOrEqual(4);
  expect(descriptors.mostFiles).toBeGreaterThanOrEqual(8);
  // Below that nobody can be served, and some calls will fail.
  if (most > 16 + 8 + 4) expect(sockets + descriptors.mostFiles + 16).toBeLessThanOrEqual(most);
});

test('a socket that is closed makes room for another', () => {
  const descriptors = new Descriptors(100);
  takeAll(descriptors);
  descriptors.onSocketClosed();
  expect([descriptors.takeSocket(), descriptors.takeSocket()]).toEqual([true, false]);
});

test('files make room when sockets come, and may be more again when they go', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/d');
  const descriptors = new Descriptors(16 + 40);
  const files = new OpenFiles(disk, undefined, descriptors);
  const handles = Array.from({ length: 60 }, (_, i) => new FileHandle(`/d/${i}`));
  const useAll = (): void => handles.forEach((handle) => files.use(handle, true));
  useAll();
  expect(disk.mostOpenFiles).toBe(40);
  const sockets = takeAll(descriptors);
  expect(sockets).toBe(30);
  expect(disk.openFiles).toBe(10);
  useAll();
  expect(disk.openFiles).toBe(10);
  for (let i = 0; i < sockets; i++) descriptors.onSocketClosed();
  useAll();
  expect(disk.openFiles).toBe(40);
});

test('files that are worked with are bounded too: others wait, and none for ever', async () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/d');
  const files = new OpenFiles(disk, 4);
  const handles = Array.from({ length: 20 }, (_, i) => new FileHandle(`/d/${i}`));
  for (const handle of handles) files.use(handle, true);
  let underWay = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++underWay);
    for (let i = 0; i < 5; i++) await Promise.resolve();
    underWay--;
  };
  await Promise.all(handles.map((handle) => files.during(handle, work)));
  expect(most).toBe(2);
  expect(disk.mostOpenFiles).toBeLessThanOrEqual(4);
  files.closeAll();
  expect(disk.openFiles).toBe(0);
});

test('work on a file that fails gives its place to the next', async () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/d');
  const files = new OpenFiles(disk, 2);
  const [one, two] = [new FileHandle('/d/1'), new FileHandle('/d/2')];
  for (const handle of [one, two]) files.use(handle, true);
  const failing = files.during(one, () => Promise.reject(new Error('no')));
  const next = files.during(two, () => Promise.resolve('done'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('done');
});

test('a call that finds no descriptor is tried again for as long as files can be closed', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/d');
  const descriptors = new Descriptors();
  const sparing = new SparingDisk(disk, descriptors);
  const files = new OpenFiles(sparing, undefined, descriptors);
  for (let i = 0; i < 8; i++) files.use(new FileHandle(`/d/${i}`), true);
  disk.failWith('read', 'ENFILE', { times: 3 });
  expect(sparing.readFile('/d/0')).toHaveLength(0);
  expect(disk.openFiles).toBe(1); // 8, 4, 2, 1
  disk.failWith('write', 'EMFILE');
  expect(() => sparing.writeFile('/d/0', 'x')).toThrow('EMFILE');
  expect(disk.openFiles).toBe(0);
});

test('a call that fails for another reason is not tried again', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/d');
  const descriptors = new Descriptors();
  const sparing = new SparingDisk(disk, descriptors);
  const files = new OpenFiles(sparing, undefined, descriptors);
  files.use(new FileHandle('/d/1'), true);
  disk.failWith('sync', 'EIO', { times: 1 });
  expect(() => sparing.syncDirectory('/d')).toThrow('EIO');
  expect(disk.openFiles).toBe(1);
});
