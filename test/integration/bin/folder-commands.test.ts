import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { startBroker } from '../../../src/broker/start-broker.ts';
import { Program } from '../../support/program.ts';

let program: Program;
const asked = (...args: string[]) => program.ended(args);

beforeAll(async () => {
  program = await Program.build();
  await fill(join(program.folder, 'filled'));
});

afterAll(() => program.remove());

/** What a broker leaves that had records of all kinds, groups, a restart and a deleted topic. */
async function fill(dataDir: string): Promise<void> {
  const properties = { 'log.index.interval.bytes': '200', 'offsets.topic.num.partitions': '2' };
  for (let life = 0; life < 2; life++) {
    await using broker = await startBroker({ dataDir, properties });
    const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    if (life === 0) {
      const configEntries = [{ name: 'segment.bytes', value: '1048576' }];
      await admin.createTopics({
        topics: [
          { topic: 'orders', numPartitions: 2, configEntries },
          { topic: 'gone', numPartitions: 1 },
        ],
      });
    } else await admin.deleteTopics({ topics: ['gone'] });
    await admin.disconnect();
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    for (let round = 0; round < 10; round++) {
      const messages = Array.from({ length: 100 }, (_, i) => ({
        key: `key ${i}`,
        value: 'v'.repeat(1_500),
        headers: { round: String(round) },
      }));
      await producer.send({ topic: 'orders', messages });
    }
    await producer.disconnect();
    const consumer = kafka.consumer({ groupId: 'readers' });
    await consumer.connect();
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
    let count = 0;
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async () => {
        if (++count === 1_000) resolve();
        return Promise.resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
    await consumer.disconnect();
  }
}

describe('odradek check', () => {
  test('finds nothing in a folder that a broker left', async () => {
    const { code, stdout, stderr } = await asked('check', '--data', 'filled');
    expect([code, stderr]).toEqual([0, '']);
    const { 0: first = '', length } = stdout.trimEnd().split('\n');
    expect([length, first]).toEqual([
      1,
      expect.stringMatching(
        /^\d+ logs, \d+ segments, \d+ batches, \d+ records, \d+ bytes, 0 errors, 0 notes$/,
      ),
    ]);
  });

  test('says where damage is, in words and as JSON', async () => {
    cpSync(join(program.folder, 'filled'), join(program.folder, 'damaged'), { recursive: true });
    const path = join(program.folder, 'damaged/orders-0/00000000000000000000.log');
    const bytes = readFileSync(path);
    bytes[500]! ^= 1;
    writeFileSync(path, bytes);
    const { code, stdout } = await asked('check', '--data', 'damaged');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^error \S+orders-0\/0+\.log at byte 0 \(offset 0\): the checksum of a batch .* does not agree;.*\n.* 1 error, 0 notes\n$/,
    );
    const json = await asked('check', '--data', 'damaged', '--json');
    expect(json.code).toBe(1);
    const lines = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toEqual([
      expect.objectContaining({ severity: 'error', path, position: 0, offset: 0 }),
      { summary: expect.objectContaining({ errors: 1, notes: 0 }) as unknown },
    ]);
  });

  test('refuses a folder that a broker uses, and one that is not there', async () => {
    const dataDir = join(program.folder, 'used');
    await using broker = await startBroker({ dataDir });
    expect(broker.bootstrapServers).not.toBe('');
    const used = await asked('check', '--data', 'used');
    expect(used).toMatchObject({ code: 1, stdout: '' });
    expect(used.stderr).toBe(
      `odradek: ${dataDir} is in use by process ${process.pid}; stop it first, or check a copy\n`,
    );
    const absent = await asked('check', '--data', 'nowhere');
    expect(absent).toMatchObject({ code: 1, stdout: '' });
    expect(absent.stderr).toMatch(/^odradek: there is no folder \S+nowhere\n$/);
  });

  test('refuses a file, and a folder of something else', async () => {
    writeFileSync(join(program.folder, 'a-file'), 'x');
    expect(await asked('check', '--data', 'a-file')).toMatchObject({
      ...{ code: 1, stdout: '' },
      stderr: `odradek: cannot use ${join(program.folder, 'a-file')}: it is a file, not a folder\n`,
    });
    mkdirSync(join(program.folder, 'other/dbus-1'), { recursive: true });
    expect(await asked('check', '--data', 'other')).toMatchObject({
      ...{ code: 1, stdout: '' },
      stderr: expect.stringMatching(/^odradek: \S+other is no data folder: [^\n]+\n$/) as unknown,
    });
  });
});

describe('odradek dump', () => {
  test('prints batches and records of a segment', async () => {
    const path = 'filled/orders-0/00000000000000000000.log';
    const batches = await asked('dump', path);
    expect(batches).toMatchObject({ code: 0, stderr: '' });
    const [file, batch] = batches.stdout.split('\n');
    expect(file).toMatch(/^file path=filled\/orders-0\/0+\.log size=\d+$/);
    expect(batch).toMatch(/^batch position=0 size=\d+ baseOffset=0 lastOffset=\d+ count=\d+ /);
    expect(batch).toMatch(/ producerEpoch=0 baseSequence=0 .* isValid=true$/);
    const records = await asked('dump', '--records', '--json', path);
    const record = JSON.parse(records.stdout.split('\n')[2] ?? '') as unknown;
    expect(record).toMatchObject({
      ...{ kind: 'record', offset: 0, valueSize: 1_500, key: expect.stringMatching(/^key \d+$/) },
      headers: [['round', '0']],
    });
  });

  test('prints every file of the folders, and decodes what Kafka keeps in its own topics', async () => {
    const names = readdirSync(join(program.folder, 'filled'));
    const folders = names.filter((name) => /-\d+$/.test(name)).map((name) => `filled/${name}`);
    const { code, stdout } = await asked('dump', '--records', ...folders, 'filled');
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/^error|unreadable=/m);
    for (const line of [
      /^entry offset=\d+ position=\d+$/m,
      /^entry timestamp=\d+ offset=\d+$/m,
      /^producer producerId=\d+ producerEpoch=0 lastSequence=\d+ /m,
      /^epoch epoch=0 startOffset=0$/m,
      /^identity topicId=[\w-]{22}$/m,
      /^offset partition=orders-0 offset=\d+$/m,
      /^meta clusterId=[\w-]{22} nodeId=1 directoryId=[\w-]{22}$/m,
      /^record .* type=OffsetCommit key=\{"group":"readers","topic":"orders","partition":\d\} value=\{"version":3,/m,
      /^record .* type=GroupMetadata key=\{"group":"readers"\} /m,
      /^record .* type=TopicRecord version=0 data=\{"name":"orders",/m,
      /^record .* control=LEADER_CHANGE version=0 leaderId=1 /m,
      /^record .* control=SNAPSHOT_FOOTER /m,
    ]) {
      expect(stdout).toMatch(line);
    }
  });

  test('says what it cannot read, and goes on', async () => {
    writeFileSync(join(program.folder, 'notes.txt'), 'x');
    const { code, stdout } = await asked(
      'dump',
      'notes.txt',
      'nowhere',
      'filled/.kafka_cleanshutdown',
      '.',
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/its name is none of a file that can be dumped/);
    expect(stdout).toMatch(/there is no file in \. that can be dumped/);
    expect(stdout).toMatch(/there is no file nowhere/);
  });
});

test('dump says that it may be used on the folder of a running broker', async () => {
  expect((await asked('dump', '--help')).stdout).toMatch(/may\s+be used while a broker runs/);
});

describe('odradek format', () => {
  test('formats an empty folder, on which a broker then starts', async () => {
    const clusterId = 'oiwwT0xKQ2e8YxHM2T0c7A';
    const args = ['format', '--data', 'new', '--node-id', '7', '--cluster-id', clusterId];
    const { code, stdout } = await asked(...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Formatted \S+new\.\n {2}cluster id {4}oiwwT0xKQ2e8YxHM2T0c7A\n/);
    expect(await asked('check', '--data', 'new')).toMatchObject({ code: 0, stderr: '' });
    const dataDir = join(program.folder, 'new');
    await using broker = await startBroker({ dataDir, properties: { 'node.id': '7' } });
    expect(broker.clusterId).toBe(clusterId);
  });

  test('leaves a formatted folder alone', async () => {
    await asked('format', '--data', 'twice');
    const before = readFileSync(join(program.folder, 'twice/meta.properties'), 'utf8');
    const again = await asked('format', '--data', 'twice');
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(/twice is formatted already; --ignore-formatted leaves it/);
    const ignored = await asked('format', '--data', 'twice', '--ignore-formatted');
    expect(ignored).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(program.folder, 'twice/meta.properties'), 'utf8')).toBe(before);
  });

  test('formats several folders for one broker, which then starts on them', async () => {
    const { code, stdout } = await asked('format', '--data', 'one', '--data=two', '--data', 'one');
    expect(code).toBe(0);
    expect(stdout.match(/^Formatted \S+(one|two)\.$/gm)).toHaveLength(2);
    const folders = ['one', 'two'].map((name) => join(program.folder, name));
    const [one, two] = folders.map((folder) =>
      readFileSync(join(folder, 'meta.properties'), 'utf8'),
    );
    const idIn = (text = '', name: string) => new RegExp(`^${name}=(.+)$`, 'm').exec(text)?.[1];
    expect(idIn(one, 'cluster.id')).toBe(idIn(two, 'cluster.id'));
    expect(idIn(one, 'directory.id')).not.toBe(idIn(two, 'directory.id'));
    expect(await asked('check', '--data', 'one', '--data', 'two')).toMatchObject({ code: 0 });
    await using broker = await startBroker({ dataDir: folders });
    expect(broker.clusterId).toBe(idIn(one, 'cluster.id'));
  });

  test('leaves one of several alone, and formats the other', async () => {
    await asked('format', '--data', 'here');
    const refused = await asked('format', '--data', 'there', '--data', 'here');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/here is formatted already; --ignore-formatted leaves it/);
    const args = ['--data', 'there', '--data', 'here', '--ignore-formatted'];
    const { code, stdout } = await asked('format', ...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Formatted \S+there\.\n[^]*here is formatted already and was left/);
    expect(await asked('check', '--data', 'here', '--data', 'there')).toMatchObject({ code: 0 });
  });

  test.each([
    [['--node-id', '9'], /of-seven belongs to node 7, but node.id is 9; /],
    [
      ['--node-id', '7', '--cluster-id', 'oiwwT0xKQ2e8YxHM2T0c7A'],
      /of-seven belongs to cluster \S{22}, but cluster.id is oiwwT0xKQ2e8YxHM2T0c7A; /,
    ],
  ])('does not take the folder of another for its own: %j', async (args, words) => {
    await asked('format', '--data', 'of-seven', '--node-id', '7', '--ignore-formatted');
    const asIs = await asked('format', '--data', 'of-seven', ...args, '--ignore-formatted');
    expect(asIs).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(words) });
  });

  test('leaves files of others in the folder, as its help says', async () => {
    mkdirSync(join(program.folder, 'mixed/lost+found'), { recursive: true });
    writeFileSync(join(program.folder, 'mixed/notes.txt'), 'x');
    expect(await asked('format', '--data', 'mixed')).toMatchObject({ code: 0 });
    expect(readdirSync(join(program.folder, 'mixed')).sort()).toEqual([
      ...['bootstrap.checkpoint', 'lost+found', 'meta.properties', 'notes.txt'],
    ]);
    expect((await asked('format', '--help')).stdout).toContain(
      '\nFiles that are none of a broker stay in it.\n',
    );
  });

  test('refuses a file, and one folder after another is not touched', async () => {
    writeFileSync(join(program.folder, 'just-a-file'), 'x');
    const { code, stderr } = await asked('format', '--data', 'fresh', '--data', 'just-a-file');
    expect([code, stderr]).toEqual([
      ...[1, expect.stringMatching(/cannot use \S+just-a-file: it is a file, not a folder\n$/)],
    ]);
    expect(readdirSync(program.folder)).not.toContain('fresh');
  });

  test('refuses a folder with data of nobody known', async () => {
    mkdirSync(join(program.folder, 'strange/orders-0'), { recursive: true });
    const { code, stderr } = await asked('format', '--data', 'strange');
    expect(code).toBe(1);
    expect(stderr).toMatch(/holds orders-0 but no meta.properties/);
  });
});

test.each([
  ['nofile', 'it is not there'],
  ['.', 'it is a folder, not a file'],
])('--config %s is refused in words', async (path, words) => {
  expect(await asked('--memory', '--port', '0', '--config', path)).toMatchObject({
    ...{ code: 1, stdout: '', stderr: `odradek: cannot read --config ${path}: ${words}\n` },
  });
});

describe('each command', () => {
  test.each(['format', 'check', 'dump'])(
    '%s explains itself and refuses nonsense',
    async (name) => {
      const help = await asked(name, '--help');
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
      expect(help.stdout).toMatch(new RegExp(`^Usage: odradek ${name} `));
      expect(await asked(name, '--nonsense')).toEqual({
        ...{ code: 2, stdout: '' },
        stderr: `odradek: Unknown option '--nonsense'\nTry 'odradek ${name} --help'.\n`,
      });
    },
  );
});
