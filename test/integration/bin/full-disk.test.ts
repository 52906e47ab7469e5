import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { Program, type Run } from '../../support/program.ts';

const room = 8 * 1024 * 1024;

/** A folder on a file system that is really full after a while. */
interface SmallDisk {
  readonly folder: string;
  /** Once the broker runs. */
  limit(run: Run): void;
  makeRoom(run: Run): void;
  remove(): void;
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'odradek-full-'));

function tmpfs(options = `size=${room}`): SmallDisk {
  const folder = newFolder();
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    remove();
    throw error;
  }
  return {
    folder,
    limit: () => undefined,
    makeRoom: () => execFileSync('mount', ['-o', `remount,size=${room * 8}`, folder]),
    remove: () => {
      execFileSync('umount', [folder]);
      remove();
    },
  };
}

/** Where nothing may be mounted: the system lets the process write no larger files (EFBIG). */
function limitedFiles(): SmallDisk {
  const folder = newFolder();
  const setLimit = ({ pid }: Run, bytes: string): void => {
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
  };
  return {
    folder,
    limit: (run) => setLimit(run, String(room)),
    makeRoom: (run) => setLimit(run, 'unlimited'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Why nothing may be mounted; undefined when something may. */
function mountRefusal(): string | undefined {
  try {
    tmpfs().remove();
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    const said = message.split('\n').find((line) => line.startsWith('mount: '));
    return said?.split(': ').at(-1) ?? message;
  }
}

// CI runs as root: there a mount that is refused is a failure, elsewhere its tests are counted as skipped.
const isMountDemanded = process.env['CI'] !== undefined && process.getuid?.() === 0;
const refusal = isMountDemanded ? undefined : mountRefusal();
const ifMountable = refusal === undefined ? it : it.skip;
const skipped = refusal === undefined ? '' : ` (skipped: ${refusal})`;

let program: Program;

beforeAll(async () => {
  program = await Program.build();
});

afterAll(() => program.remove());

const filler = 'x'.repeat(100_000);
const topic = 'orders';

/** Sends numbered values until one is refused; how that was said. */
async function fill(producer: Producer, acknowledged: number[], next: () => number) {
  for (;;) {
    const value = next();
    try {
      await producer.send({ topic, messages: [{ value: `${value} ${filler}` }] });
      acknowledged.push(value);
    } catch (error) {
      return typeOf(error);
    }
  }
}

const typeOf = (error: unknown): string | undefined => {
  const { type, cause } = error as { type?: string; cause?: { type?: string } };
  return type ?? cause?.type;
};

async function readAll(kafka: Kafka, lastValue: number): Promise<number[]> {
  const consumer = kafka.consumer({ groupId: 'readers' });
  const found: number[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
      found.push(parseInt(String(message.value), 10));
      if (found.at(-1) === lastValue) resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return found;
}

describe('a broker on a full disk', () => {
  it('refuses what is past the limit of a file’s size', () => fillAndMakeRoom(limitedFiles()));

  ifMountable(`refuses what a small tmpfs has no room for${skipped}`, () =>
    fillAndMakeRoom(tmpfs()),
  );
});

/** What does not fit is refused, nothing is lost, and it goes on when there is room. */
async function fillAndMakeRoom(disk: SmallDisk): Promise<void> {
  const run = program.run(['--port', '0', '--data', join(disk.folder, 'data')]);
  try {
    const broker = await run.written(/bootstrap server +(\S+)/);
    const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
    disk.limit(run);
    const impatient = kafka.producer({ retry: { retries: 0 } });
    await impatient.connect();
    const acknowledged: number[] = [];
    let count = 0;
    expect(await fill(impatient, acknowledged, () => count++)).toBe('KAFKA_STORAGE_ERROR');
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(await fill(impatient, [], () => count++)).toBe('KAFKA_STORAGE_ERROR');
    expect(run.isRunning).toBe(true);
    expect(await admin.listTopics()).toContain(topic);
    await impatient.disconnect();

    disk.makeRoom(run);
    const patient = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await patient.connect();
    const last = count++;
    await patient.send({ topic, messages: [{ value: `${last} ${filler}` }] });
    await patient.disconnect();
    expect(await readAll(kafka, last)).toEqual([...acknowledged, last]);
    await admin.disconnect();
    run.signal('SIGTERM');
    expect(await run.exited).toBe(0);
  } finally {
    run.signal('SIGKILL');
    await run.exited;
    disk.remove();
  }
}

/** Folders that are of no use, and why. */
const useless: [string, () => SmallDisk, RegExp][] = [
  ['of the system', systemFolder, /permission denied|the file system is read-only/],
];
const uselessMounts: typeof useless = [
  ['on a full disk', () => tmpfs('size=4k'), /no space is left on the device/],
  ['on a read-only disk', () => tmpfs('ro'), /the file system is read-only/],
];

function systemFolder(): SmallDisk {
  const nothing = (): void => undefined;
  return { folder: '/sys', limit: nothing, makeRoom: nothing, remove: nothing };
}

it.each(useless)('a folder %s ends a start with a sentence and code 1', (_, make, words) =>
  startIsRefused(make(), words),
);

ifMountable.each(uselessMounts)(`a folder %s does so, too${skipped}`, (_, make, words) =>
  startIsRefused(make(), words),
);

async function startIsRefused(disk: SmallDisk, words: RegExp): Promise<void> {
  try {
    const { code, stdout, stderr } = await program.ended(['--data', join(disk.folder, 'data')]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const sentence = stderr.trimEnd().split('\n').at(-1);
    expect(sentence).toMatch(/^odradek: cannot use \/[^ ]*\/data[^ ]*: /);
    expect(sentence).toMatch(words);
  } finally {
    disk.remove();
  }
}
