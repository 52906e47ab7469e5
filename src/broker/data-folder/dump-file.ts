import { basename, dirname } from 'node:path';
import { isCoordinatorTopic, readableRecord } from '../../coordination/readable-record.ts';
import type { Disk } from '../../host/disk.ts';
import { epochFile, identityFile, offsetIn, partitionOf } from '../../storage/disk/file-names.ts';
import type { DumpLine } from '../../storage/disk/dump/dump-line.ts';
import { bytesInWords, dumpError } from '../../storage/disk/dump/dump-line.ts';
import type { RecordDecoder } from '../../storage/disk/dump/dump-segment.ts';
import { dumpSegment } from '../../storage/disk/dump/dump-segment.ts';
import {
  dumpEpochs,
  dumpIdentity,
  dumpOffsetIndex,
  dumpOffsets,
  dumpProducerSnapshot,
  dumpTimeIndex,
  dumpTransactionIndex,
} from '../../storage/disk/dump/dump-small-files.ts';
import { decodeMetaProperties } from '../catalog/meta-properties.ts';
import { decodeMetadataRecord } from '../catalog/metadata-codec.ts';
import { metadataTopic, offsetsTopic, transactionsTopic } from '../catalog/topic-name.ts';

/** How keys and values are shown; `auto` goes by the name of the folder. */
export type DumpDecoder = 'auto' | 'text' | 'hex' | 'metadata' | 'offsets' | 'transactions';

export interface DumpOptions {
  readonly records: boolean;
  readonly decode: DumpDecoder;
}

type Lines = Generator<DumpLine, void, void>;

/** What stands in a file, or in all files of a log's folder. Each file begins with a line of its own. */
export function* dumpPath(disk: Disk, path: string, options: DumpOptions): Lines {
  const stat = disk.stat(path);
  if (stat === undefined) {
    yield dumpError(`there is no file ${path}`);
    return;
  }
  if (!stat.isDirectory) {
    yield* dumpFile(disk, path, stat.size, options);
    return;
  }
  let isEmpty = true;
  for (const name of disk.list(path)) {
    const inside = `${path.replace(/\/+$/, '')}/${name}`;
    const found = disk.stat(inside);
    if (found === undefined || found.isDirectory || linesOf(disk, inside, options) === undefined) {
      continue;
    }
    isEmpty = false;
    yield* dumpFile(disk, inside, found.size, options);
  }
  if (isEmpty) yield dumpError(`there is no file in ${path} that can be dumped`);
}

function* dumpFile(disk: Disk, path: string, size: number, options: DumpOptions): Lines {
  yield { kind: 'file', path, size };
  try {
    const lines = linesOf(disk, path, options);
    if (lines === undefined) yield dumpError('its name is none of a file that can be dumped');
    else yield* lines;
  } catch (error) {
    yield dumpError((error as Error).message);
  }
}

/** @returns undefined for a file of no known name */
function linesOf(disk: Disk, path: string, options: DumpOptions): Lines | undefined {
  const name = basename(path).replace(/\.(deleted|cleaned|swap)$/, '');
  const base = (suffix: Parameters<typeof offsetIn>[1]) => offsetIn(name, suffix);
  const index = base('.index');
  const timeIndex = base('.timeindex');
  if (base('.log') !== undefined) return dumpSegment(disk, path, decoderOf(path, options));
  if (index !== undefined) return dumpOffsetIndex(disk, path, index);
  if (timeIndex !== undefined) return dumpTimeIndex(disk, path, timeIndex);
  if (base('.txnindex') !== undefined) return dumpTransactionIndex(disk, path);
  if (base('.snapshot') !== undefined) return dumpProducerSnapshot(disk, path);
  if (name.endsWith('.checkpoint')) {
    const decode = options.decode === 'auto' ? 'metadata' : options.decode;
    return dumpSegment(disk, path, decoderOf(path, { ...options, decode }));
  }
  if (name === epochFile) return dumpEpochs(disk, path);
  if (name === 'meta.properties') return dumpMeta(disk, path);
  if (name === identityFile) return dumpIdentity(disk, path);
  if (name.endsWith('-offset-checkpoint')) return dumpOffsets(disk, path);
  return undefined;
}

function* dumpMeta(disk: Disk, path: string): Lines {
  yield { kind: 'meta', ...decodeMetaProperties(disk.readFile(path).toString(), path) };
}

/** @returns undefined when records are not wanted */
function decoderOf(path: string, { records, decode }: DumpOptions): RecordDecoder | undefined {
  if (!records) return undefined;
  const topic = partitionOf(basename(dirname(path)))?.topicName ?? '';
  switch (decode) {
    case 'metadata':
      return metadataFields;
    case 'offsets':
      return coordinatorFields(offsetsTopic);
    case 'transactions':
      return coordinatorFields(transactionsTopic);
    case 'auto':
      if (topic === metadataTopic) return metadataFields;
      return isCoordinatorTopic(topic) ? coordinatorFields(topic) : plainFields('auto');
    case 'text':
    case 'hex':
      return plainFields(decode);
  }
}

const plainFields =
  (how: 'auto' | 'text' | 'hex'): RecordDecoder =>
  (key, value) => ({ key: bytesInWords(key, how), value: bytesInWords(value, how) });

const metadataFields: RecordDecoder = (_key, value) => {
  if (value === null) throw new Error('a metadata record without a value');
  const { type, version, data } = decodeMetadataRecord(value);
  return { type, version, data };
};

const coordinatorFields =
  (topic: string): RecordDecoder =>
  (key, value) => ({
    ...(readableRecord(topic, key, value) ?? plainFields('hex')(key, value)),
  });
