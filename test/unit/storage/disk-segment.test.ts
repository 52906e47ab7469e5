import { expect, test } from '@jest/globals';
import type { ByteRange } from '../../../src/protocol/byte-range.ts';
import { BufferPool } from '../../../src/storage/disk/buffer-pool.ts';
import { DiskSegment } from '../../../src/storage/disk/disk-segment.ts';
import { IndexCache } from '../../../src/storage/disk/index-cache.ts';
import { FileHandle, OpenFiles } from '../../../src/storage/disk/open-files.ts';
import type { Region } from '../../../src/storage/log-medium.ts';
import { emptyIndexes } from '../../../src/storage/segment-indexes.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';

/** Lets the write of an index wait. */
class SlowIndexDisk extends MemoryDisk {
  readonly waiting: (() => void)[] = [];

  override async writeFileInPool(path: string, data: Uint8Array): Promise<void> {
    if (path.includes('.index')) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    await super.writeFileInPool(path, data);
  }
}

const everythingDue = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function segmentOn(disk: MemoryDisk, files = new OpenFiles(disk)): DiskSegment {
  disk.makeDirectory('/data/t-0');
  const tools = {
    disk,
    files,
    buffers: new BufferPool(),
    indexes: new IndexCache(),
    whenOver: () => undefined,
  };
  const folder = {
    path: '/data/t-0',
    ensure: () => undefined,
    changed: () => undefined,
    takeNext: () => Promise.resolve(false),
    forget: () => undefined,
  };
  const segment = new DiskSegment(folder, 0, 4096, tools, false);
  segment.writeNow([Buffer.from('batches')], 0);
  segment.seal(emptyIndexes(0));
  return segment;
}

test('a flush waits for files beside the log that another flush is at', async () => {
  const disk = new SlowIndexDisk();
  const segment = segmentOn(disk);
  const over: string[] = [];
  const first = segment.sync().then(() => over.push('first'));
  await everythingDue();
  const second = segment.sync().then(() => over.push('second'));
  await everythingDue();
  expect({ over, waiting: disk.waiting.length }).toEqual({ over: [], waiting: 1 });

  disk.waiting[0]?.();
  await Promise.all([first, second]);
  expect(over).toEqual(['first', 'second']);
});

test('an index that is written while its segment is removed leaves nothing', async () => {
  const disk = new SlowIndexDisk();
  const segment = segmentOn(disk);
  const flushed = segment.sync();
  await everythingDue();
  segment.remove(0, true);
  // The segment that took its place.
  disk.writeFile('/data/t-0/00000000000000000000.index', 'other rows');
  disk.waiting[0]?.();
  await flushed;
  expect(disk.files()).toEqual([
    '/data/t-0/00000000000000000000.index',
    '/data/t-0/00000000000000000000.log.deleted',
  ]);
  expect(disk.readFile('/data/t-0/00000000000000000000.index').toString()).toBe('other rows');
});

test('an index that cannot be written of a segment that is gone meanwhile is no failure', async () => {
  const disk = new SlowIndexDisk();
  const segment = segmentOn(disk);
  const flushed = segment.sync();
  await everythingDue();
  segment.remove(0, true);
  disk.failWith('write', 'ENOSPC', { path: /\.tmp$/, writesBytes: 1 });
  disk.waiting[0]?.();
  await flushed;
  expect(disk.files()).toEqual(['/data/t-0/00000000000000000000.log.deleted']);
});

test('indexes are those in memory until they are written, and then those of the files', async () => {
  const disk = new MemoryDisk();
  const segment = segmentOn(disk);
  const indexes = emptyIndexes(0);
  indexes.offsets.append(7, 70);
  segment.seal(indexes);
  expect(segment.loadIndexes()).toBe(indexes);
  expect(disk.exists('/data/t-0/00000000000000000000.index')).toBe(false);
  await segment.sync();
  expect(disk.readFile('/data/t-0/00000000000000000000.index')).toEqual(indexes.offsets.bytes);
  expect(segment.loadIndexes().offsets.positionBefore(7)).toBe(70);
});

test('a segment that is removed while a flush waits for its turn need not be flushed', async () => {
  const disk = new MemoryDisk();
  const files = new OpenFiles(disk, 2);
  const segment = segmentOn(disk, files);
  const other = new FileHandle('/data/other');
  files.use(other, true);
  let finish: () => void = () => undefined;
  const busy = files.during(other, () => new Promise<void>((resolve) => (finish = resolve)));
  const flushed = segment.sync();
  const read = Promise.resolve(segment.read(0, 7, false));
  segment.discard();
  finish();
  await busy;
  await flushed;
  // Its log is well: nothing says that files of the log are missing.
  await expect(read).rejects.toMatchObject({ kind: 'Unreadable', cause: undefined });
});

test('readers that have the same bytes at the same time share one read', () => {
  const disk = new MemoryDisk();
  const segment = segmentOn(disk);
  const read = (position: number, length: number) => {
    const region = segment.read(position, length, true) as Region;
    const [{ buffer, start, end }] = region.ranges as [ByteRange];
    const release = () => region.release();
    return { text: buffer.toString('latin1', start, end), buffer, release };
  };
  const whole = read(0, 7);
  const part = read(0, 3);
  expect([whole.text, part.text, disk.calls.read]).toEqual(['batches', 'bat', 1]);
  expect(read(2, 3).text).toBe('tch');
  expect(disk.calls.read).toBe(2);

  const again = read(0, 7);
  whole.release();
  whole.release(); // counts once
  const other = read(3, 4);
  expect(other.buffer).not.toBe(part.buffer);
  expect([again.text, part.buffer.toString('latin1', 0, 3)]).toEqual(['batches', 'bat']);
});

test('bytes that all readers have given back are read anew, into memory that is used again', () => {
  const disk = new MemoryDisk();
  const segment = segmentOn(disk);
  const first = segment.read(0, 7, true) as Region;
  const second = segment.read(0, 7, true) as Region;
  first.release();
  second.release();
  const third = segment.read(0, 7, true) as Region;
  expect(disk.calls.read).toBe(2);
  expect(third.ranges[0]?.buffer).toBe(first.ranges[0]?.buffer);
});
