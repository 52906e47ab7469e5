import { expect, test } from '@jest/globals';
import type { DiskFile } from '../../../src/host/disk.ts';
import { BufferPool } from '../../../src/storage/disk/buffer-pool.ts';
import { DiskSegment } from '../../../src/storage/disk/disk-segment.ts';
import { IndexCache } from '../../../src/storage/disk/index-cache.ts';
import { OpenFiles } from '../../../src/storage/disk/open-files.ts';
import { emptyIndexes } from '../../../src/storage/segment-indexes.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';

/** Lets the fsync of an index wait. */
class SlowIndexDisk extends MemoryDisk {
  readonly waiting: (() => void)[] = [];

  override open(path: string, options: { create?: boolean; readOnly?: boolean } = {}): DiskFile {
    const file = super.open(path, options);
    if (!path.endsWith('.index')) return file;
    const sync = file.sync.bind(file);
    file.sync = async () => {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
      await sync();
    };
    return file;
  }
}

const everythingDue = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a flush waits for files beside the log that another flush is at', async () => {
  const disk = new SlowIndexDisk();
  disk.makeDirectory('/data/t-0');
  const tools = {
    disk,
    files: new OpenFiles(disk),
    buffers: new BufferPool(),
    indexes: new IndexCache(),
    whenOver: () => undefined,
  };
  const folder = {
    path: '/data/t-0',
    ensure: () => undefined,
    changed: () => undefined,
    forget: () => undefined,
  };
  const segment = new DiskSegment(folder, 0, 4096, tools, false);
  segment.writeNow([Buffer.from('batches')], 0);
  segment.seal(emptyIndexes(0));

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
