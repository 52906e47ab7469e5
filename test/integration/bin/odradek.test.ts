import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { Program, type Run } from '../../support/program.ts';

let program: Program;
let folder: string;

beforeAll(async () => {
  program = await Program.build();
  folder = program.folder;
});

afterAll(() => program.remove());

const started = (args: string[], environment: Record<string, string> = {}): Run =>
  program.run(args, environment);
const ended = (args: string[], environment: Record<string, string> = {}) =>
  program.ended(args, environment);

const bootstrap = /bootstrap server +(\S+)/;
/** A request of ApiVersions v0, correlation id 1, without a client id. */
const apiVersionsFrame = Buffer.of(0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255);

describe('odradek', () => {
  it('prints its version and its help', async () => {
    const [version, help] = await Promise.all([ended(['--version']), ended(['--help'])]);
    expect(version).toMatchObject({ code: 0, stderr: '' });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/^Usage: odradek/);
  });

  test.each<
    [
      about: string,
      args: string[],
      environment: Record<string, string>,
      code: number,
      stderr: string,
    ]
  >([
    [
      'wrong usage',
      ['--nonsense'],
      {},
      2,
      "odradek: Unknown option '--nonsense'\nTry 'odradek --help'.\n",
    ],
    [
      'a bad value',
      ['--override', 'log.segment.bytes=5'],
      {},
      1,
      'odradek: Invalid value 5 for configuration log.segment.bytes: Value must be at least 1048576\n',
    ],
    [
      'a bad variable',
      ['--memory'],
      { KAFKA_NUM_PARTITIONS: 'x' },
      1,
      'odradek: Invalid value x for configuration num.partitions: Not a number of type INT\n',
    ],
    [
      'a bad override',
      ['--memory', '--override', 'log.retention.hours=abc'],
      {},
      1,
      'odradek: Invalid value abc for configuration log.retention.hours: Not a number of type INT\n',
    ],
    [
      'two folders',
      ['--data', 'w1', '--data', 'w2'],
      {},
      2,
      "odradek: --data is given twice; several folders are log.dirs=A,B in server.properties or in --override\nTry 'odradek --help'.\n",
    ],
    [
      'a listener that is not served',
      [],
      { KAFKA_LISTENERS: 'SSL://:9093' },
      1,
      'odradek: listeners: SSL asks for SSL, which is not served yet; only PLAINTEXT is\n',
    ],
    [
      'no such file',
      ['--config', 'nowhere'],
      {},
      1,
      'odradek: cannot read --config nowhere: it is not there\n',
    ],
  ])('says what is wrong: %s', async (_about, args, environment, code, stderr) => {
    expect(await ended(args, environment)).toEqual({ code, stdout: '', stderr });
  });

  it('serves, says where, and stops cleanly on SIGTERM', async () => {
    const run = started(['--port', '0', '--data', 'kept']);
    const [host, port] = (await run.written(bootstrap)).split(':');
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), host, () => {
        socket.destroy();
        resolve();
      });
      socket.once('error', reject);
    });
    run.signal('SIGTERM');
    expect(await run.exited).toBe(0);
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(
      /^Odradek \d+\.\d+\.\d+ is ready after \d+ ms\. Stop it with Ctrl\+C\.\n {2}bootstrap server {2}127\.0\.0\.1:\d+\n {2}data {14}\/.*kept\nStopping\. Ctrl\+C once more ends it at once\.\n$/,
    );
    expect(readdirSync(join(folder, 'kept'))).toContain('meta.properties');
  });

  it('stops cleanly on a SIGTERM that comes while it starts', async () => {
    const run = started(['--port', '0', '--data', 'early']);
    while (!existsSync(join(folder, 'early', '.lock'))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    run.signal('SIGTERM');
    expect(await run.exited).toBe(0);
    expect(run.stdout).toContain('Stopping.');
    expect(readdirSync(join(folder, 'early'))).toContain('.kafka_cleanshutdown');
  });

  it('stops at once on a second SIGINT, whatever it waits for', async () => {
    const run = started(['--memory', '--port', '0']);
    const [host, port] = (await run.written(bootstrap)).split(':');
    // A client that never hangs up is waited for.
    const client = connect({ host, port: Number(port), allowHalfOpen: true });
    client.write(apiVersionsFrame);
    await new Promise((resolve) => client.once('data', resolve));
    run.signal('SIGINT');
    await new Promise((resolve) => client.once('end', resolve));
    run.signal('SIGINT');
    expect(await run.exited).toBe(130);
    client.destroy();
  });

  it('serves on when its log has no room on the disk', async () => {
    const run = program.runWithoutRoom(['--memory', '--port', '0', '--override', 'what.is.this=1']);
    const [host, port] = (await run.written(bootstrap)).split(':');
    const client = connect({ host, port: Number(port) });
    client.write(apiVersionsFrame);
    await new Promise((resolve) => client.once('data', resolve));
    client.end();
    run.signal('SIGTERM');
    expect(await run.exited).toBe(0);
  });

  it('writes JSON lines, with one warning for all unknown names', async () => {
    writeFileSync(join(folder, 'server.properties'), 'what.is.this=1\nlisteners=PLAINTEXT://:0\n');
    const run = started([
      '--memory',
      '--json',
      '--config',
      'server.properties',
      '--override',
      'and.this=2',
    ]);
    await run.written(/"message":"ready"/);
    run.signal('SIGINT');
    expect(await run.exited).toBe(0);
    const lines = run.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        message: 'unknown configuration, ignored: and.this, what.is.this',
      }),
      expect.objectContaining({
        level: 'info',
        message: 'ready',
        bootstrapServers: expect.stringMatching(/^localhost:\d+$/),
        data: 'in memory',
        readyMs: expect.any(Number),
      }),
    ]);
    expect(run.stderr).toBe('');
  });

  it('runs several brokers', async () => {
    const run = started(['--memory', '--port', '0', '--brokers', '3']);
    expect((await run.written(bootstrap)).split(',')).toHaveLength(3);
    run.signal('SIGTERM');
    expect(await run.exited).toBe(0);
  });

  it('leaves a folder alone that another process uses, until that has gone', async () => {
    const data = join(folder, 'taken');
    const first = started(['--port', '0', '--data', data]);
    await first.written(bootstrap);
    const before = readdirSync(data, { recursive: true }).sort();
    const second = await ended(['--port', '0', '--data', data]);
    expect([second.code, second.stdout]).toEqual([1, '']);
    expect(second.stderr.trimEnd()).toMatch(/^odradek: \/[^\n]*\/taken is in use by process \d+$/);
    expect(readdirSync(data, { recursive: true }).sort()).toEqual(before);
    first.signal('SIGKILL');
    await first.exited;
    const third = started(['--port', '0', '--data', data]);
    await third.written(bootstrap);
    third.signal('SIGTERM');
    expect(await third.exited).toBe(0);
  });

  it('tells that a port is taken', async () => {
    const first = started(['--memory', '--port', '0']);
    const port = (await first.written(bootstrap)).split(':')[1]!;
    const second = await ended(['--memory', '--port', port]);
    expect(second.code).toBe(1);
    expect(second.stderr).toBe(
      `odradek: 127.0.0.1:${port} is in use, perhaps by another broker; take another port, or 0 for any free one\n`,
    );
    first.signal('SIGTERM');
    expect(await first.exited).toBe(0);
  });
});
