import { decodeFrom, encodeInto, hasVersion } from '../../protocol/codec.ts';
import type { RecordSchema } from '../../protocol/schema.ts';
import { WireReader } from '../../protocol/wire-reader.ts';
import { WireWriter } from '../../protocol/wire-writer.ts';
import { metadataRecordSchemas } from './metadata-record.ts';
import type { MetadataRecord, MetadataRecordType } from './metadata-record.ts';
import { UnusableFolder } from './unusable-folder.ts';

/*
 * A metadata record in the value of a log record, as Kafka's MetadataRecordSerde writes it:
 *
 *   uvarint  frame version, 1
 *   uvarint  type of the record (its apiKey)
 *   uvarint  version of the record
 *   ...      its fields
 */
const frameVersion = 1;

const types = new Map<number, MetadataRecordType>(
  Object.entries(metadataRecordSchemas).map(([type, schema]) => [
    schema.apiKey,
    type as MetadataRecordType,
  ]),
);

/** The values of log records, one for each metadata record; they share one buffer. */
export function encodeMetadataRecords(records: readonly MetadataRecord[]): Buffer[] {
  const writer = new WireWriter(Math.max(256, records.length * 64));
  const ends = records.map((record) => {
    const schema: RecordSchema = metadataRecordSchemas[record.type];
    writer.pos = writer.varint(writer.pos, frameVersion);
    writer.pos = writer.varint(writer.pos, schema.apiKey);
    writer.pos = writer.varint(writer.pos, record.version);
    encodeInto(writer, schema, record.version, record.data);
    return writer.pos;
  });
  return ends.map((end, index) => writer.buffer.subarray(ends[index - 1] ?? 0, end));
}

/**
 * @throws {UnusableFolder} a record of a kind or version that a newer Kafka wrote
 * @throws {MalformedMessage} bytes that are not a record
 */
export function decodeMetadataRecord(value: Buffer): MetadataRecord {
  const reader = new WireReader({ buffer: value, start: 0, end: value.length });
  const frame = reader.varint();
  if (frame !== frameVersion) {
    throw new UnusableFolder(
      `a metadata record is framed in version ${frame}, not ${frameVersion}`,
    );
  }
  const apiKey = reader.varint();
  const version = reader.varint();
  const type = types.get(apiKey);
  if (type === undefined) {
    throw new UnusableFolder(`a metadata record has the unknown type ${apiKey}`);
  }
  const schema: RecordSchema = metadataRecordSchemas[type];
  if (!hasVersion(schema, version)) {
    throw new UnusableFolder(`a ${type} has the unknown version ${version}`);
  }
  return { type, version, data: decodeFrom(reader, schema, version) } as MetadataRecord;
}
