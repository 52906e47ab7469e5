/**
 * Whether Apache Kafka reads the record batches that we write as it reads its own.
 *
 *   npx jiti scripts/record-batches/verify.ts [FOLDER_WITH_KAFKA_JARS]    compare
 *   npx jiti scripts/record-batches/verify.ts [FOLDER] --refresh          write test data anew
 *
 * Without a folder the jars come from Maven. Every batch of test/data/record-batches is made anew
 * by our code, with every codec's native and portable implementation, and read by Kafka.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { nativeLz4, portableLz4 } from '../../src/protocol/compression/lz4.ts';
import * as lz4 from '../../src/protocol/compression/lz4.ts';
import { nativeSnappy, portableSnappy } from '../../src/protocol/compression/snappy.ts';
import * as snappy from '../../src/protocol/compression/snappy.ts';
import { nodeZstd } from '../../src/protocol/compression/zstd.ts';
import * as zstd from '../../src/protocol/compression/zstd.ts';
import { loadWasmZstd } from '../../src/protocol/compression/zstd-wasm.ts';
import { batches } from '../../src/protocol/record-batch.ts';
import {
  javaBatches,
  javaBatchesFolder,
  javaDescriptions,
  rebuildBatches,
} from '../../test/support/described-batches.ts';
import { apacheKafkaJars } from '../apache-kafka/jars.ts';

const repository = join(import.meta.dirname, '../..');
const program = join(import.meta.dirname, 'RecordBatches.java');

type Descriptions = ReturnType<typeof javaDescriptions>;

async function main(options: string[]): Promise<void> {
  const jars = options.find((option) => !option.startsWith('--'));
  const libs = jars ?? (await apacheKafkaJars(repository));
  const java = (...words: string[]): string =>
    execFileSync('java', ['-cp', `${libs}/*`, program, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    });
  if (options.includes('--refresh')) {
    for (const file of readdirSync(javaBatchesFolder)) rmSync(join(javaBatchesFolder, file));
    java('write', javaBatchesFolder);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'odradek-batches-'));
  try {
    const expected = writeOurs(folder);
    const found = JSON.parse(java('describe', folder)) as Descriptions;
    process.exitCode = compare(expected, found) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes all batches made by us into a folder; gives what Kafka should read in them. */
function writeOurs(folder: string): Descriptions {
  const descriptions = javaDescriptions();
  const expected: Descriptions = {};
  for (const [name, described] of Object.entries(descriptions)) {
    for (const [way, bytes] of waysOf(name)) {
      writeFileSync(join(folder, `${name} ${way}.bin`), bytes);
      expected[`${name} ${way}`] = described;
    }
  }
  return expected;
}

/** A case as we write it, with whatever can compress here. */
function* waysOf(name: string): Generator<[string, Buffer]> {
  const range = javaBatches(name);
  yield ['ours', rebuildBatches(range)];
  const [first] = batches(range);
  const compressors: Record<string, [string, ((data: Buffer) => Buffer) | undefined][]> = {
    snappy: [
      ['native', by(nativeSnappy(), snappy.compress)],
      ['portable', by(portableSnappy(), snappy.compress)],
    ],
    lz4: [
      ['native', by(nativeLz4(), lz4.compress)],
      ['portable', by(portableLz4, lz4.compress)],
    ],
    zstd: [
      ['node', by(nodeZstd(), zstd.compress)],
      ['wasm', by(loadWasmZstd(), zstd.compress)],
    ],
  };
  for (const [way, compressor] of compressors[first?.compression ?? ''] ?? []) {
    if (compressor !== undefined) yield [way, rebuildBatches(range, compressor)];
  }
}

function by<T>(
  way: T | undefined,
  compress: (data: Buffer, level: undefined, way: T) => Buffer,
): ((data: Buffer) => Buffer) | undefined {
  return way === undefined ? undefined : (data) => compress(data, undefined, way);
}

function compare(expected: Descriptions, found: Descriptions): boolean {
  let wrong = 0;
  for (const [name, described] of Object.entries(expected)) {
    const isSame = isDeepStrictEqual(comparable(described), comparable(found[name] ?? []));
    console.log(`${isSame ? 'same ' : 'WRONG'} ${name}`);
    if (!isSame) wrong++;
  }
  console.log(`${Object.keys(expected).length} read by Apache Kafka, ${wrong} wrong`);
  return wrong === 0;
}

/** Size and checksum depend on the compressor; when it is the same bytes, a unit test says so. */
function comparable(batches: Record<string, unknown>[]): unknown[] {
  return batches.map((batch) => ({ ...batch, sizeInBytes: 0, crc: 0 }));
}

void main(process.argv.slice(2));
