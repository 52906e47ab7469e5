import { describe, expect, test } from '@jest/globals';
import { putInt32, putInt64 } from '../../../../src/protocol/big-endian.ts';
import { configChanged } from '../../../../src/broker/catalog/metadata-record.ts';
import type { MetadataRecord } from '../../../../src/broker/catalog/metadata-record.ts';
import { crc32c } from '../../../../src/protocol/crc32c.ts';
import { batches, batchSizeAt, buildBatch } from '../../../../src/protocol/record-batch.ts';
import { counted } from '../../../../src/storage/disk/check/check-report.ts';
import { batchOf, put, rangeOf, startMs } from '../../../support/batches.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { checked, plantedDisk, plantedFolder as folder } from '../../../support/planted-folder.ts';

const first = `${folder}/00000000000000000000`;
const middle = `${folder}/00000000000000000045`;
const last = `${folder}/00000000000000000084`;
const metadata = '/data/__cluster_metadata-0';

type Change = (bytes: Buffer) => Buffer | undefined;

function change(disk: MemoryDisk, path: string, edit: Change): void {
  const bytes = disk.readFile(path);
  const edited = edit(bytes) ?? bytes;
  disk.remove(path);
  disk.writeFile(path, edited);
}

const flip =
  (at: number): Change =>
  (bytes) => {
    bytes[at]! ^= 1;
    return undefined;
  };

/** Where batches of a segment begin. */
function positions(disk: MemoryDisk, path: string): number[] {
  const bytes = disk.readFile(path);
  const found: number[] = [];
  for (let at = 0; at < bytes.length; at += batchSizeAt(bytes, at)) found.push(at);
  return found;
}

/** Makes a change that the checksum agrees with. */
const resealed =
  (at: number, edit: (bytes: Buffer) => void): Change =>
  (bytes) => {
    edit(bytes);
    putInt32(bytes, at + 17, crc32c(bytes, at + 21, at + batchSizeAt(bytes, at)));
    return undefined;
  };

const resealedSnapshot =
  (edit: (bytes: Buffer) => void): Change =>
  (bytes) => {
    edit(bytes);
    putInt32(bytes, 2, crc32c(bytes, 6, bytes.length));
    return undefined;
  };

const text =
  (from: string | RegExp, to: string): Change =>
  (bytes) =>
    Buffer.from(bytes.toString().replace(from, to));

/** What is said after a change; files without the root. */
async function linesAfter(plant: (disk: MemoryDisk) => void, stop: 'clean' | 'killed' = 'clean') {
  const disk = await plantedDisk(stop);
  plant(disk);
  const { lines, report } = await checked(disk);
  return { lines: lines.map((line) => line.replace('/data/', '')), errors: report.errors };
}

describe('a folder in order', () => {
  test('has no findings after a clean stop, and is counted', async () => {
    const disk = await plantedDisk();
    const { lines, report } = await checked(disk);
    expect(lines).toEqual([]);
    const segments = disk.files().filter((path) => path.endsWith('.log'));
    const headers = segments.flatMap((path) => [...batches(rangeOf(disk.readFile(path)))]);
    const sum = (of: 'recordsCount' | 'sizeInBytes') =>
      headers.reduce((total, header) => total + header[of], 0);
    expect(report).toMatchObject({ logs: 2, segments: 4, errors: 0, notes: 0 });
    expect(report).toMatchObject({
      batches: headers.length,
      records: sum('recordsCount'),
      bytes: sum('sizeInBytes'),
    });
  });

  test('has one note after a kill', async () => {
    const { lines } = await checked(await plantedDisk('killed'));
    expect(lines).toEqual([
      'note /data: the last stop was not clean; the next start reads the ends of the logs again',
    ]);
  });

  test('has none when records were deleted whose batches still lie in a segment', async () => {
    const disk = await plantedDisk('clean', async (log) => {
      for (let i = 0; i < 6; i++) await put(log, ['a', 'b'], startMs + i);
      log.becomeLeader(2);
      for (let i = 0; i < 4; i++) {
        const batch = batchOf(['c', 'd'], { timestamp: startMs + 10 + i });
        await log.append(batch, { leaderEpoch: 2, origin: 'client' }).commit.done;
      }
      await log.deleteBefore(15);
    });
    expect(disk.readFile(`${folder}/leader-epoch-checkpoint`).toString()).toBe('0\n1\n2 15\n');
    expect((await checked(disk)).lines).toEqual([]);
    disk.writeFile('/data/log-start-offset-checkpoint', '0\n1\norders 0 11\n');
    expect((await checked(disk)).lines).toEqual([
      'error /data/orders-0/leader-epoch-checkpoint: it does not know epoch 2, in which offset 12 was written',
    ]);
  });

  test('is not changed by the check', async () => {
    const disk = await plantedDisk('killed');
    const before = disk.files().map((path) => [path, disk.readFile(path).toString('hex')]);
    disk.failWith('write', 'EROFS');
    disk.failWith('rename', 'EROFS');
    disk.failWith('remove', 'EROFS');
    await checked(disk);
    expect(disk.files().map((path) => [path, disk.readFile(path).toString('hex')])).toEqual(before);
    expect(disk.openFiles).toBe(0);
  });
});

describe('damage is found where it is', () => {
  test.each<[about: string, plant: (disk: MemoryDisk) => void, lines: string[]]>([
    [
      'a record',
      (disk) => change(disk, `${middle}.log`, flip(370)),
      [
        'error orders-0/00000000000000000045.log at byte 285 (offset 54): the checksum of a batch of 95 bytes does not agree; the next whole batch begins at byte 380',
      ],
    ],
    [
      'a leader epoch that rises for one batch',
      (disk) => change(disk, `${middle}.log`, flip(300)),
      ['error orders-0/leader-epoch-checkpoint: it gives offset 54 the epoch 0, its batch says 1'],
    ],
    [
      'a record of the last segment',
      (disk) => change(disk, `${last}.log`, flip(100)),
      [
        'error orders-0/00000000000000000084.log at byte 91 (offset 87): a batch of 65614 bytes where the file has only 1161 more; the next whole batch begins at byte 169',
      ],
    ],
    [
      'a magic number',
      (disk) => change(disk, `${middle}.log`, flip(16)),
      [
        'error orders-0/00000000000000000045.log at byte 0 (offset 45): no batch begins here: its magic number is 3; the next whole batch begins at byte 95',
      ],
    ],
    [
      'a batch length',
      (disk) => change(disk, `${middle}.log`, flip(10)),
      [
        'error orders-0/00000000000000000045.log at byte 0 (offset 45): the checksum of a batch of 351 bytes does not agree; the next whole batch begins at byte 95',
      ],
    ],
    [
      'a base offset',
      (disk) => change(disk, `${middle}.log`, flip(positions(disk, `${middle}.log`)[3]! + 7)),
      [
        'error orders-0/00000000000000000045.log at byte 285 (offset 55): a batch begins with offset 55 where 54 belongs',
      ],
    ],
    [
      'a high base offset',
      (disk) => change(disk, `${middle}.log`, flip(positions(disk, `${middle}.log`)[3]! + 1)),
      [
        'error orders-0/00000000000000000045.log at byte 285 (offset 281474976710710): a batch begins with offset 281474976710710 where 54 belongs',
      ],
    ],
    [
      'a leader epoch that falls',
      (disk) => change(disk, `${last}.log`, flip(15)),
      [
        'error orders-0/00000000000000000084.log at byte 0 (offset 84): leader epoch 2 comes after 3',
      ],
    ],
    [
      'a lost segment',
      (disk) => disk.remove(`${middle}.log`),
      [
        'error orders-0/00000000000000000084.log (offset 84): it begins at offset 84, but the segment before it ends at 45',
      ],
    ],
    [
      'a lost batch',
      (disk) => change(disk, `${middle}.log`, (bytes) => bytes.subarray(batchSizeAt(bytes, 0))),
      [
        'error orders-0/00000000000000000045.log at byte 0 (offset 48): a batch begins with offset 48 where 45 belongs',
        'error orders-0/00000000000000000045.index at byte 0: byte 285 ends with offset 59, not with 56',
        'error orders-0/00000000000000000045.index at byte 8: no batch begins at byte 556, where offset 63 should be',
        'error orders-0/00000000000000000045.index at byte 16: no batch begins at byte 799, where offset 69 should be',
        'error orders-0/00000000000000000045.index at byte 24: no batch begins at byte 1046, where offset 75 should be',
        'error orders-0/00000000000000000045.index at byte 32: no batch begins at byte 1295',
      ],
    ],
    [
      'a torn end of a closed segment',
      (disk) => disk.truncate(`${middle}.log`, 1400),
      [
        'error orders-0/00000000000000000045.log at byte 1386 (offset 83): the file ends 14 bytes behind the beginning of a batch; nothing whole follows',
      ],
    ],
    [
      'a torn end after a clean stop',
      (disk) => disk.truncate(`${last}.log`, 1200),
      [
        'error orders-0/00000000000000000084.log at byte 1175 (offset 103): the file ends 25 bytes behind the beginning of a batch; nothing whole follows',
        'error orders-0/00000000000000000104.snapshot: it is of offset 104, but the log ends at 103',
        'error recovery-point-offset-checkpoint: the recovery point of orders-0 is 104, but its log ends at 103',
        'error replication-offset-checkpoint: the high watermark of orders-0 is 104, but its log ends at 103',
      ],
    ],
    [
      'zeros at the end after a clean stop',
      (disk) => change(disk, `${last}.log`, (bytes) => Buffer.concat([bytes, Buffer.alloc(200)])),
      [
        'error orders-0/00000000000000000084.log at byte 1252 (offset 104): there are zeros where a batch should begin; nothing whole follows',
      ],
    ],
    [
      'a wrong count',
      (disk) =>
        change(
          disk,
          `${last}.log`,
          resealed(0, (bytes) => putInt32(bytes, 57, 2)),
        ),
      [
        'error orders-0/00000000000000000084.log at byte 0 (offset 84): the records cannot be read: bytes behind the last record',
      ],
    ],
    [
      'a wrong last offset delta',
      (disk) =>
        change(
          disk,
          `${first}.log`,
          resealed(0, (bytes) => putInt32(bytes, 23, 9)),
        ),
      [
        'error orders-0/00000000000000000000.log at byte 94 (offset 3): a batch begins with offset 3 where 10 belongs',
        'error orders-0/00000000000000000000.log at byte 188 (offset 6): a batch begins with offset 6 where 10 or more belongs',
        'error orders-0/00000000000000000000.log at byte 282 (offset 9): a batch begins with offset 9 where 10 or more belongs',
      ],
    ],
    [
      'a timestamp above the largest',
      (disk) =>
        change(
          disk,
          `${first}.log`,
          resealed(0, (bytes) => putInt64(bytes, 35, 5)),
        ),
      [
        "error orders-0/00000000000000000000.log at byte 0 (offset 0): a record's timestamp 1700000000000 is above the batch's largest, 5",
      ],
    ],
    [
      'a sequence that comes twice',
      (disk) =>
        change(disk, `${middle}.log`, (bytes) =>
          resealed(positions(disk, `${middle}.log`)[7]!, (all) =>
            putInt32(all, positions(disk, `${middle}.log`)[7]! + 53, 0),
          )(bytes),
        ),
      [
        'error orders-0/00000000000000000045.log at byte 637 (offset 64): sequence 0 of producer 7 where 4 follows',
        'note orders-0/00000000000000000045.log at byte 718 (offset 66): sequence 6 of producer 7 where 2 follows',
      ],
    ],
    [
      'an offset of the index',
      (disk) => change(disk, `${middle}.index`, flip(11)),
      [
        'error orders-0/00000000000000000045.index at byte 8: byte 556 ends with offset 63, not with 64',
      ],
    ],
    [
      'a position of the index',
      (disk) => change(disk, `${middle}.index`, flip(15)),
      [
        'error orders-0/00000000000000000045.index at byte 8: no batch begins at byte 557, where offset 63 should be',
      ],
    ],
    [
      'the order of the index',
      (disk) => change(disk, `${middle}.index`, flip(16)),
      ['error orders-0/00000000000000000045.index at byte 24: its rows do not ascend'],
    ],
    [
      'a row past the end',
      (disk) =>
        change(disk, `${first}.index`, (bytes) =>
          Buffer.concat([bytes, Buffer.from('0000010000100000', 'hex')]),
        ),
      ['error orders-0/00000000000000000000.index at byte 32: no batch begins at byte 1048576'],
    ],
    [
      'a torn index',
      (disk) => disk.truncate(`${middle}.index`, 30),
      [
        'error orders-0/00000000000000000045.index at byte 24: it ends 6 bytes behind its last whole row',
      ],
    ],
    [
      'a timestamp of the time index',
      (disk) => change(disk, `${first}.timeindex`, flip(19)),
      [
        'error orders-0/00000000000000000000.timeindex at byte 12: the largest timestamp up to offset 20 is 1700000000006, not 1700000000007',
      ],
    ],
    [
      'an offset of the time index',
      (disk) => change(disk, `${first}.timeindex`, flip(23)),
      [
        'error orders-0/00000000000000000000.timeindex at byte 12: the largest timestamp up to offset 21 is 1700000000007, not 1700000000006',
      ],
    ],
    [
      'a last row of the time index',
      (disk) => disk.truncate(`${first}.timeindex`, 48),
      [
        'error orders-0/00000000000000000000.timeindex at byte 48: it ends with timestamp 1700000000012, but its segment has 1700000000014',
      ],
    ],
    [
      'a lost transaction index',
      (disk) => disk.remove(`${middle}.txnindex`),
      [
        'error orders-0/00000000000000000045.txnindex: it lacks the transaction of producer 8 that was aborted at offset 83',
      ],
    ],
    [
      'a first offset of the transaction index',
      (disk) => change(disk, `${middle}.txnindex`, flip(17)),
      [
        'error orders-0/00000000000000000045.txnindex: it lets the transaction of producer 8 that was aborted at offset 83 begin at 81, not at 80',
      ],
    ],
    [
      'a stable offset of the transaction index',
      (disk) => change(disk, `${middle}.txnindex`, flip(33)),
      [
        'error orders-0/00000000000000000045.txnindex: it gives the last stable offset 85 to the transaction of producer 8 that was aborted at offset 83; it was 84',
      ],
    ],
    [
      'a marker that is not there',
      (disk) => change(disk, `${middle}.txnindex`, flip(25)),
      [
        'error orders-0/00000000000000000045.txnindex: it lacks the transaction of producer 8 that was aborted at offset 83',
        'error orders-0/00000000000000000045.txnindex: no transaction of producer 8 was aborted at 82',
      ],
    ],
    [
      'a version of the transaction index',
      (disk) => change(disk, `${middle}.txnindex`, flip(1)),
      ['error orders-0/00000000000000000045.txnindex: a transaction index of version 1'],
    ],
    [
      'a snapshot',
      (disk) => change(disk, `${last}.snapshot`, flip(20)),
      [
        'error orders-0/00000000000000000084.snapshot: the checksum of a producer snapshot does not agree',
      ],
    ],
    [
      'a sequence in a snapshot',
      (disk) =>
        change(
          disk,
          `${last}.snapshot`,
          resealedSnapshot((bytes) => putInt32(bytes, 20, 5)),
        ),
      [
        'error orders-0/00000000000000000084.snapshot (offset 84): of producer 7 the last sequence is 5, but the log says 19',
      ],
    ],
    [
      'a producer of a snapshot',
      (disk) =>
        change(
          disk,
          `${last}.snapshot`,
          resealedSnapshot((bytes) => putInt64(bytes, 10, 77)),
        ),
      [
        'error orders-0/00000000000000000084.snapshot (offset 84): of producer 77 the log holds nothing',
      ],
    ],
    [
      'a late snapshot',
      (disk) =>
        disk.writeFile(
          `${folder}/00000000000000000200.snapshot`,
          disk.readFile(`${last}.snapshot`),
        ),
      [
        'error orders-0/00000000000000000200.snapshot: it is of offset 200, but the log ends at 104',
      ],
    ],
    [
      'an epoch',
      (disk) => change(disk, `${folder}/leader-epoch-checkpoint`, text('3 80', '3 70')),
      ['error orders-0/leader-epoch-checkpoint: it gives offset 70 the epoch 3, its batch says 0'],
    ],
    [
      'a missing epoch',
      (disk) => change(disk, `${folder}/leader-epoch-checkpoint`, text(/2\n0 0\n3 \d+/, '1\n0 0')),
      ['error orders-0/leader-epoch-checkpoint: it gives offset 80 the epoch 0, its batch says 3'],
    ],
    [
      'the order of epochs',
      (disk) => change(disk, `${folder}/leader-epoch-checkpoint`, text('0 0', '9 0')),
      [
        'error orders-0/leader-epoch-checkpoint: epoch 3 at offset 80 does not follow the entry before',
      ],
    ],
    [
      'a torn epoch file',
      (disk) => disk.truncate(`${folder}/leader-epoch-checkpoint`, 5),
      ['error orders-0/leader-epoch-checkpoint: it is torn, or no such file at all'],
    ],
    [
      'an identity',
      (disk) => change(disk, `${folder}/partition.metadata`, text('oiww', 'aaaa')),
      [
        'error orders-0/partition.metadata: topic orders has the id oiwwT0xKQ2e8YxHM2T0c7A, but the folder belongs to aaaaT0xKQ2e8YxHM2T0c7A',
      ],
    ],
    [
      'no identity',
      (disk) => change(disk, `${folder}/partition.metadata`, text('topic_id', 'topic')),
      ['error orders-0/partition.metadata: it does not say its topic_id'],
    ],
    [
      'an unknown topic',
      (disk) => disk.rename(folder, '/data/others-0'),
      [
        'error others-0: the cluster has no topic others',
        'error recovery-point-offset-checkpoint: it gives the recovery point 104 of orders-0, whose folder is not there',
        'error replication-offset-checkpoint: it gives the high watermark 104 of orders-0, whose folder is not there',
      ],
    ],
    [
      'an unknown partition',
      (disk) => disk.rename(folder, '/data/orders-1'),
      [
        'error orders-1: topic orders has no partition 1',
        'error recovery-point-offset-checkpoint: it gives the recovery point 104 of orders-0, whose folder is not there',
        'error replication-offset-checkpoint: it gives the high watermark 104 of orders-0, whose folder is not there',
      ],
    ],
    [
      'a recovery point',
      (disk) => change(disk, '/data/recovery-point-offset-checkpoint', text('104', '1040')),
      [
        'error recovery-point-offset-checkpoint: the recovery point of orders-0 is 1040, but its log ends at 104',
      ],
    ],
    [
      'a high watermark',
      (disk) => change(disk, '/data/replication-offset-checkpoint', text('104', '105')),
      [
        'error replication-offset-checkpoint: the high watermark of orders-0 is 105, but its log ends at 104',
      ],
    ],
    [
      'a log start',
      (disk) => disk.writeFile('/data/log-start-offset-checkpoint', '0\n1\norders 0 500\n'),
      [
        'error log-start-offset-checkpoint: the log start of orders-0 is 500, but its log ends at 104',
      ],
    ],
    [
      'a torn checkpoint',
      (disk) => disk.writeFile('/data/cleaner-offset-checkpoint', '0\n2\norders 0 5'),
      ['error cleaner-offset-checkpoint: it is torn, or no such file at all'],
    ],
    [
      'no offset',
      (disk) => disk.writeFile('/data/cleaner-offset-checkpoint', '0\n1\norders 0 x\n'),
      ['error cleaner-offset-checkpoint: the cleaner offset of orders-0 is no offset'],
    ],
    [
      'a version',
      (disk) => disk.writeFile('/data/cleaner-offset-checkpoint', '1\n0\n'),
      ['error cleaner-offset-checkpoint: it has the unknown version 1'],
    ],
    [
      'meta.properties',
      (disk) => change(disk, '/data/meta.properties', text('version=1', 'version=2')),
      ['error meta.properties: it has version 2; only version 1 is supported'],
    ],
    [
      'no meta.properties',
      (disk) => disk.remove('/data/meta.properties'),
      ['error meta.properties: it is not there, so it is not known whose the folder is'],
    ],
    [
      'bootstrap.checkpoint',
      (disk) => change(disk, '/data/bootstrap.checkpoint', flip(120)),
      ['error bootstrap.checkpoint: it cannot be read: the checksum at byte 83 does not agree'],
    ],
    [
      'quorum-state',
      (disk) => disk.truncate(`${metadata}/quorum-state`, 20),
      [
        'error __cluster_metadata-0/quorum-state: it is not JSON',
        'note /data: without the metadata, folders cannot be compared with the topics',
      ],
    ],
    [
      'an old quorum-state',
      (disk) =>
        change(disk, `${metadata}/quorum-state`, text('"leaderEpoch":1', '"leaderEpoch":0')),
      [
        'error __cluster_metadata-0/quorum-state: it knows epochs up to 0, but the log was written in 1',
      ],
    ],
    [
      'a metadata snapshot',
      (disk) => disk.writeFile(`${metadata}/00000000000000000003-0000000001.checkpoint`, 'xyz'),
      [
        'error __cluster_metadata-0/00000000000000000003-0000000001.checkpoint: it cannot be read: a record batch is truncated',
        'note /data: without the metadata, folders cannot be compared with the topics',
      ],
    ],
  ])('%s', async (_about, plant, expected) => {
    const { lines, errors } = await linesAfter(plant);
    expect(lines).toEqual(expected);
    expect(errors).toBeGreaterThan(0);
  });
});

describe('damage of the metadata log', () => {
  const log = `${metadata}/00000000000000000000.log`;
  const withoutImage =
    'note /data: without the metadata, folders cannot be compared with the topics';

  test('a batch', async () => {
    const { lines } = await linesAfter((disk) => {
      change(disk, log, flip(positions(disk, log)[1]! + 100));
    });
    expect(lines).toEqual([
      expect.stringMatching(
        /^error __cluster_metadata-0\/0+\.log at byte \d+ \(offset 1\): the checksum .* does not agree;/,
      ),
      withoutImage,
    ]);
  });

  test('a record that nobody knows', async () => {
    const { lines } = await linesAfter((disk) => {
      const last = [...batches(rangeOf(disk.readFile(log)))].at(-1)!;
      const strange = buildBatch({
        baseOffset: last.lastOffset + 1,
        partitionLeaderEpoch: 1,
        records: [{ value: Buffer.from([1, 99, 0]) }],
      });
      change(disk, log, (bytes) => Buffer.concat([bytes, strange]));
    });
    expect(lines).toEqual([
      expect.stringMatching(/^error __cluster_metadata-0.* unknown type 99$/),
      withoutImage,
    ]);
  });
});

describe('after a kill', () => {
  test('a torn end is a note, and so is what stands beside the segment', async () => {
    const { lines, errors } = await linesAfter((disk) => {
      disk.truncate(`${last}.log`, 1200);
      disk.truncate(`${middle}.index`, 30);
    }, 'killed');
    expect(lines).toEqual([
      'note /data: the last stop was not clean; the next start reads the ends of the logs again',
      'note orders-0/00000000000000000045.index at byte 24: it ends 6 bytes behind its last whole row',
      'note orders-0/00000000000000000084.log at byte 1175 (offset 103): the file ends 25 bytes behind the beginning of a batch; the next start cuts off these 25 bytes, which were never made durable',
    ]);
    expect(errors).toBe(0);
  });

  test('damage before whole batches is an error', async () => {
    const { lines, errors } = await linesAfter((disk) => {
      change(disk, `${last}.log`, flip(161));
    }, 'killed');
    expect(lines).toEqual([
      'note /data: the last stop was not clean; the next start reads the ends of the logs again',
      'error orders-0/00000000000000000084.log at byte 91 (offset 87): the checksum of a batch of 78 bytes does not agree; the next whole batch begins at byte 169',
    ]);
    expect(errors).toBe(1);
  });

  test('zeros that Kafka reserved for an index are no finding', async () => {
    const { lines } = await linesAfter((disk) => {
      disk.writeFile(`${last}.index`, Buffer.alloc(10_485_760));
      disk.writeFile(`${last}.timeindex`, Buffer.alloc(10_485_756));
    }, 'killed');
    expect(lines).toHaveLength(1);
  });

  test('checkpoints that Kafka made and did not fill yet are no finding', async () => {
    const { lines } = await linesAfter((disk) => {
      disk.writeFile('/data/log-start-offset-checkpoint', '');
      disk.writeFile('/data/recovery-point-offset-checkpoint', '');
      disk.truncate(`${folder}/leader-epoch-checkpoint`, 0);
    }, 'killed');
    expect(lines).toHaveLength(1);
  });

  test('a row of the transaction index that was torn', async () => {
    const { lines } = await linesAfter((disk) => disk.truncate(`${last}.txnindex`, 30), 'killed');
    expect(lines).toEqual([
      'note /data: the last stop was not clean; the next start reads the ends of the logs again',
      'note orders-0/00000000000000000084.txnindex at byte 0: its last row is torn',
      'note orders-0/00000000000000000084.txnindex: it lacks the transaction of producer 8 that was aborted at offset 91',
    ]);
  });
});

/** Lets nobody look into the folder of a log. */
function shut(disk: MemoryDisk, path: string): void {
  const list = disk.list.bind(disk);
  const refused = () => Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  disk.list = (asked) => {
    if (asked === path) throw refused();
    return list(asked);
  };
  const exists = disk.exists.bind(disk);
  disk.exists = (asked) => !asked.startsWith(`${path}/`) && exists(asked);
}

describe('what may not be read is one error', () => {
  test('of a folder: nothing is said of what was not seen', async () => {
    const { lines } = await linesAfter((disk) => shut(disk, folder));
    expect(lines).toEqual(['error orders-0: it cannot be checked: EACCES: permission denied']);
  });

  test('of a segment', async () => {
    const { lines } = await linesAfter((disk) => {
      disk.failWith('open', 'EACCES', { path: /orders-0.0+\.log$/ });
    });
    expect(lines).toEqual([expect.stringMatching(/^error orders-0: it cannot be checked: EACCES/)]);
  });

  test('of the metadata, and the other logs are checked', async () => {
    const disk = await plantedDisk();
    shut(disk, metadata);
    const { lines, report } = await checked(disk);
    expect(lines).toEqual([
      'error /data/__cluster_metadata-0: it cannot be checked: EACCES: permission denied',
      'note /data: without the metadata, folders cannot be compared with the topics',
    ]);
    expect(report.logs).toBe(1);
  });
});

test('one thing is told in the singular', () => {
  const things = ['batches', 'bytes', 'errors', 'more findings'];
  expect(things.map((name) => counted(1, name))).toEqual([
    ...['1 batch', '1 byte', '1 error', '1 more finding'],
  ]);
  expect(counted(0, 'batches')).toBe('0 batches');
});

describe('several folders of one broker', () => {
  /** The log lies in /other; the checkpoints at /data still have its rows. */
  async function split(): Promise<MemoryDisk> {
    const disk = await plantedDisk();
    const names = disk.list('/data').filter((name) => name !== '__cluster_metadata-0');
    for (const name of names.filter((name) => disk.stat(`/data/${name}`)?.isDirectory === false)) {
      disk.makeDirectory('/other');
      disk.writeFile(`/other/${name}`, disk.readFile(`/data/${name}`));
    }
    change(disk, '/other/meta.properties', text(/directory.id=.*/, 'directory.id=another'));
    disk.rename(folder, '/other/orders-0');
    return disk;
  }
  const errorsIn = (lines: string[]) => lines.filter((line) => line.startsWith('error'));

  test('the metadata of one serves all, whichever is named first', async () => {
    const disk = await split();
    const { lines, report } = await checked(disk, ['/other', '/data']);
    expect(errorsIn(lines)).toEqual([]);
    expect(lines.join('\n')).not.toContain('without the metadata');
    expect(report.logs).toBe(2);
    const alone = await checked(disk, ['/other']);
    expect(alone.lines.join('\n')).toContain('/other: without the metadata');
  });

  test('what the metadata knows is held against all', async () => {
    const disk = await split();
    disk.rename('/other/orders-0', '/other/strange-0');
    const { lines } = await checked(disk, ['/other', '/data']);
    expect(errorsIn(lines)).toContain('error /other/strange-0: the cluster has no topic strange');
  });
});

describe('folders that do not belong together', () => {
  const meta = (disk: MemoryDisk) => disk.readFile('/data/meta.properties').toString();
  async function withOther(edit: (text: string) => string): Promise<MemoryDisk> {
    const disk = await plantedDisk();
    disk.makeDirectory('/other');
    disk.writeFile('/other/meta.properties', Buffer.from(edit(meta(disk))));
    return disk;
  }
  const asOther = (text: string) => text.replace(/directory.id=.*/, 'directory.id=another');
  const linesOf = async (disk: MemoryDisk) => (await checked(disk, ['/data', '/other'])).lines;

  test('nothing is said of two that do', async () => {
    expect(await linesOf(await withOther(asOther))).toEqual([]);
  });

  test.each<[about: string, edit: (text: string) => string, line: RegExp]>([
    [
      'clusters',
      (text) => asOther(text).replace(/cluster.id=.*/, 'cluster.id=theirs'),
      /^error \/other\/meta.properties: it says cluster theirs, but \/data has [\w-]{22}$/,
    ],
    [
      'nodes',
      (text) => asOther(text).replace(/node.id=.*/, 'node.id=2'),
      /^error \/other\/meta.properties: it says node 2, but \/data has 1$/,
    ],
    [
      'a copy',
      (text) => text,
      /^error \/other\/meta.properties: it has the directory.id of \/data: one is a copy$/,
    ],
  ])('%s', async (_about, edit, line) => {
    expect(await linesOf(await withOther(edit))).toEqual([expect.stringMatching(line)]);
  });

  test('a partition that lies in both', async () => {
    const disk = await withOther(asOther);
    disk.makeDirectory('/other/orders-0');
    disk.writeFile('/other/.kafka_cleanshutdown', '{"version":0,"brokerEpoch":1}');
    for (const name of disk.list(folder))
      disk.writeFile(`/other/orders-0/${name}`, disk.readFile(`${folder}/${name}`));
    expect(await linesOf(disk)).toEqual([
      'error /other/orders-0: the partition lies in /data as well; only one can be the right one',
    ]);
    // What cannot be read may be the other's.
    change(disk, '/other/orders-0/partition.metadata', () => Buffer.from('x'));
    expect(await linesOf(disk)).toContain(
      'error /other/orders-0: the partition lies in /data as well; only one can be the right one',
    );
    // One of a topic of that name before.
    const text = 'version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAQQ';
    change(disk, '/other/orders-0/partition.metadata', () => Buffer.from(text));
    expect((await linesOf(disk)).join('\n')).not.toContain('as well');
  });
});

describe('an index without rows', () => {
  const large = (...records: MetadataRecord[]): Promise<MemoryDisk> =>
    plantedDisk(
      'clean',
      async (log) => {
        for (let i = 0; i < 140; i++) await put(log, ['x'.repeat(50)], startMs + i);
      },
      { segmentBytes: 12_000 },
      records,
    );

  test('is a note where the segment must have some', async () => {
    const disk = await large(configChanged('TOPIC', 'orders', 'index.interval.bytes', '200'));
    expect(disk.stat(`${first}.log`)?.size).toBeGreaterThan(10_000);
    expect(disk.stat(`${first}.index`)?.size).toBeGreaterThan(0);
    disk.truncate(`${first}.index`, 0);
    const { lines } = await checked(disk);
    expect(lines).toEqual([
      `note ${first}.index at byte 0: it has no rows; readers begin at the first byte of its segment`,
    ]);
  });

  test.each([
    ['of the topic', configChanged('TOPIC', 'orders', 'index.interval.bytes', '1000')],
    ['of all topics', configChanged('BROKER', '', 'log.index.interval.bytes', '1000')],
    ['by default', configChanged('TOPIC', 'orders', 'segment.bytes', '12000')],
  ])('is in order where its rows may lie further apart: %s', async (_about, config) => {
    const disk = await large(config);
    disk.truncate(`${first}.index`, 0);
    expect((await checked(disk)).lines).toEqual([]);
  });

  test('is in order where the cleaner wrote', async () => {
    const disk = await large(
      configChanged('TOPIC', 'orders', 'index.interval.bytes', '200'),
      configChanged('TOPIC', 'orders', 'cleanup.policy', 'compact'),
    );
    disk.truncate(`${first}.index`, 0);
    expect((await checked(disk)).lines).toEqual([]);
  });

  test('counts for all topics where theirs says nothing', async () => {
    const disk = await large(configChanged('BROKER', '', 'log.index.interval.bytes', '200'));
    disk.truncate(`${first}.index`, 0);
    expect((await checked(disk)).lines).toHaveLength(1);
  });

  test('is in order where the segment is small', async () => {
    const disk = await plantedDisk();
    for (const name of [first, middle, last]) disk.truncate(`${name}.index`, 0);
    expect((await checked(disk)).lines).toEqual([]);
  });
});

test('a folder of something else is refused', async () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/data/dbus-1');
  disk.writeFile('/data/dbus-1/session.conf', 'x');
  await expect(checked(disk)).rejects.toThrow(/^\/data is no data folder: /);
  disk.writeFile('/data/dbus-1/00000000000000000000.log', '');
  await expect(checked(disk)).resolves.toMatchObject({ report: { logs: 1 } });
});

describe('what is left over is a note', () => {
  test('deleted snapshots of the metadata, told once', async () => {
    const { lines } = await linesAfter((disk) => {
      for (const offset of [3, 5])
        disk.writeFile(
          `${metadata}/0000000000000000000${offset}-0000000001.checkpoint.deleted`,
          'x',
        );
    });
    expect(lines).toEqual([
      'note __cluster_metadata-0: 2 files are deleted and wait for their end',
    ]);
  });

  test('files of one log that wait for their end, in one line', async () => {
    const { lines } = await linesAfter((disk) => {
      for (const suffix of ['log', 'index', 'timeindex'])
        disk.writeFile(`${first}.${suffix}.deleted`, 'x');
    });
    expect(lines).toEqual(['note orders-0: 3 files are deleted and wait for their end']);
  });

  test('files and folders that wait for their end', async () => {
    const hex = '0123456789abcdef0123456789abcdef';
    const { lines, errors } = await linesAfter((disk) => {
      disk.writeFile(`${first}.log.deleted`, 'x');
      disk.writeFile(`${first}.log.cleaned`, 'x');
      disk.writeFile(`${first}.log.swap`, 'x');
      disk.writeFile(`${folder}/notes.txt`, 'x');
      disk.writeFile('/data/meta.properties.part', 'x');
      for (const mark of ['delete', 'stray', 'future'])
        disk.makeDirectory(`/data/old-0.${hex}-${mark}`);
    });
    expect(lines).toEqual([
      'note meta.properties.part: a file that was not finished',
      `note old-0.${hex}-delete: it is deleted and waits for its end`,
      `note old-0.${hex}-future: it was on its way to another directory`,
      `note old-0.${hex}-stray: it belongs to no partition and was set aside`,
      'note orders-0/00000000000000000000.log.cleaned: a compaction did not finish it; the next start removes it',
      'note orders-0/00000000000000000000.log.deleted: it is deleted and waits for its end',
      'note orders-0/00000000000000000000.log.swap: a compaction was about to put it in place; the next start does',
      'note orders-0/notes.txt: a file that no log has',
    ]);
    expect(errors).toBe(0);
  });
});
