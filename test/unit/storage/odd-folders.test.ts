import { beforeAll, describe, expect, test } from '@jest/globals';
import { batchOf, idempotentBatch, startMs, valuesFrom } from '../../support/batches.ts';
import { endAs, endings, openFound } from '../../support/found-folder.ts';
import { logSettings } from '../../support/log-settings.ts';
import { settle } from '../../support/manual-clock.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';

const folder = '/data/orders-0';
const settings = logSettings({ segmentBytes: 1000, indexIntervalBytes: 200 });
const count = 60;
const asClient = { leaderEpoch: 0, origin: 'client' } as const;

let written: MemoryDisk;
/** Base offsets of the segments. */
let bases: number[];

const nameOf = (offset: number, suffix: string): string =>
  `${folder}/${String(offset).padStart(20, '0')}${suffix}`;

const openOn = (disk: MemoryDisk) => openFound(disk, settings);

beforeAll(async () => {
  written = new MemoryDisk();
  const { store, log } = await openOn(written);
  for (let i = 0; i < count; i++) {
    log.append(idempotentBatch(9, 0, i, 1, { timestamp: startMs + i }), asClient);
    await settle(1);
  }
  await store.close();
  bases = written
    .files()
    .flatMap((path) => /(\d{20})\.log$/.exec(path)?.[1] ?? [])
    .map(Number);
});

interface Odd {
  readonly what: string;
  /** Makes a good folder odd. */
  readonly change: (disk: MemoryDisk) => void;
  /** First and next offset of what is left; undefined: all. */
  readonly left?: (isClean: boolean) => readonly [number, number];
}

const cases: readonly Odd[] = [
  { what: 'nothing odd', change: () => undefined },
  {
    what: 'no offset index of a closed segment',
    change: (d) => d.remove(nameOf(bases[1]!, '.index')),
  },
  {
    what: 'no time index of a closed segment',
    change: (d) => d.remove(nameOf(bases[1]!, '.timeindex')),
  },
  {
    what: 'no indexes of the last segment',
    change: (d) => {
      d.remove(nameOf(bases.at(-1)!, '.index'));
      d.remove(nameOf(bases.at(-1)!, '.timeindex'));
    },
  },
  {
    what: 'an index that points behind the end of its segment',
    change: (d) => {
      d.writeFile(nameOf(bases[1]!, '.index'), Buffer.from('0000000100ffffff', 'hex'));
    },
  },
  {
    what: 'an index with rows of a larger segment',
    change: (d) => {
      const rows = d.readFile(nameOf(bases[1]!, '.index'));
      const more = Buffer.from('0000ffff0000ffff0001ffff0001ffff', 'hex');
      d.writeFile(nameOf(bases[1]!, '.index'), Buffer.concat([rows, more]));
    },
  },
  {
    what: 'an index of a length no rows have',
    change: (d) => {
      const rows = d.readFile(nameOf(bases[1]!, '.index'));
      d.writeFile(nameOf(bases[1]!, '.index'), Buffer.concat([rows, Buffer.from('abc')]));
    },
  },
  {
    what: 'indexes with room for more, as Kafka leaves them when it is killed',
    change: (d) => {
      for (const [suffix, bytes] of [
        ['.index', 8 * 50],
        ['.timeindex', 12 * 50],
      ] as const) {
        const path = nameOf(bases.at(-1)!, suffix);
        d.writeFile(path, Buffer.concat([d.readFile(path), Buffer.alloc(bytes)]));
      }
    },
  },
  {
    what: 'an index without its segment',
    change: (d) => {
      d.writeFile(nameOf(5, '.index'), Buffer.alloc(8));
      d.writeFile(nameOf(1_000_000, '.timeindex'), Buffer.alloc(12));
    },
  },
  {
    what: 'no snapshots',
    change: (d) => {
      for (const path of d.files()) if (path.endsWith('.snapshot')) d.remove(path);
    },
  },
  {
    what: 'a snapshot that is newer than the log',
    change: (d) => {
      d.writeFile(nameOf(count + 40, '.snapshot'), d.readFile(nameOf(count, '.snapshot')));
    },
  },
  { what: 'an empty snapshot', change: (d) => d.writeFile(nameOf(count, '.snapshot'), '') },
  { what: 'no epochs', change: (d) => d.remove(`${folder}/leader-epoch-checkpoint`) },
  {
    what: 'epochs that are no text',
    change: (d) => d.writeFile(`${folder}/leader-epoch-checkpoint`, 'x'),
  },
  {
    what: 'an empty file of epochs',
    change: (d) => d.writeFile(`${folder}/leader-epoch-checkpoint`, ''),
  },
  {
    what: 'leftovers of a deletion',
    change: (d) => {
      d.writeFile(`${nameOf(0, '.log')}.deleted`, 'x');
      d.writeFile(`${nameOf(0, '.index')}.deleted`, 'x');
    },
  },
  {
    what: 'a cleaning that was interrupted',
    change: (d) => {
      d.writeFile(`${nameOf(0, '.log')}.cleaned`, d.readFile(nameOf(0, '.log')).subarray(0, 100));
      d.writeFile(`${nameOf(0, '.index')}.cleaned`, '');
    },
  },
  {
    what: 'a swap that lacks its last step',
    change: (d) => {
      const both = [nameOf(0, '.log'), nameOf(bases[1]!, '.log')].map((path) => d.readFile(path));
      d.writeFile(`${nameOf(0, '.log')}.swap`, Buffer.concat(both));
    },
  },
  { what: 'an empty last segment', change: (d) => d.writeFile(nameOf(count, '.log'), '') },
  {
    what: 'zeros behind the last batch',
    change: (d) => {
      const path = nameOf(bases.at(-1)!, '.log');
      d.writeFile(path, Buffer.concat([d.readFile(path), Buffer.alloc(5000)]));
    },
  },
  {
    what: 'half a batch at the end',
    change: (d) => {
      const path = nameOf(bases.at(-1)!, '.log');
      d.writeFile(path, Buffer.concat([d.readFile(path), batchOf(['x']).buffer.subarray(0, 40)]));
    },
  },
  {
    what: 'no first segments',
    change: (d) => {
      for (const path of d.files()) if (path.startsWith(nameOf(0, '.'))) d.remove(path);
    },
    left: () => [bases[1]!, count],
  },
  {
    what: 'a start behind the end',
    change: (d) => {
      d.writeFile('/data/log-start-offset-checkpoint', `0\n1\norders 0 ${count + 7}\n`);
    },
    left: () => [count + 7, count + 7],
  },
  {
    what: 'a start in the midst',
    change: (d) => {
      d.writeFile('/data/log-start-offset-checkpoint', '0\n1\norders 0 13\n');
    },
    left: () => [13, count],
  },
  {
    what: 'a recovery point behind the end',
    change: (d) => {
      d.writeFile('/data/recovery-point-offset-checkpoint', '0\n1\norders 0 9999\n');
    },
  },
  {
    what: 'files of others',
    change: (d) => {
      d.writeFile(`${folder}/README`, 'x');
      d.writeFile(`${folder}/123.log`, 'x');
    },
  },
];

describe.each(endings)('%s', (_, isClean) => {
  test.each(cases)('$what', async ({ change, left }) => {
    const disk = written.copy();
    change(disk);
    endAs(disk, isClean);
    const [first, next] = left?.(isClean === true) ?? [0, count];
    const { store, log } = await openOn(disk);
    expect([log.logStartOffset, log.highWatermark, log.logEndOffset]).toEqual([first, next, next]);
    const values = Array.from({ length: next - first }, (_each, i) => `s${first + i}`);
    expect(await valuesFrom(log, first)).toEqual(values);
    for (const offset of [first + 3, first + 17]) {
      if (offset < next) expect((await valuesFrom(log, offset))[0]).toBe(`s${offset}`);
    }
    if (next > first) {
      const found = await log.offsetForTimestamp(startMs + next - 5);
      expect(found?.offset).toBe(next - 5);
      const again = log.append(idempotentBatch(9, 0, count - 1), asClient);
      expect(again).toMatchObject({ isDuplicate: true, baseOffset: count - 1 });
    }
    log.becomeLeader(1);
    const more = log.append(batchOf(['more'], { timestamp: startMs + 99 }), {
      ...asClient,
      leaderEpoch: 1,
    });
    await more.commit.done;
    expect(more.baseOffset).toBe(next);
    await store.close();
    const once = await openOn(disk);
    expect(await valuesFrom(once.log, first)).toEqual([...values, 'more']);
    for (const path of disk.files()) expect(path).not.toMatch(/\.(deleted|cleaned|swap)$/);
  });
});
