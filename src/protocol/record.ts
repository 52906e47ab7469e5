import { MalformedMessage } from './malformed-message.ts';
import { putVarint, putVarlong, sizeOfVarint, sizeOfVarlong, VarintReader } from './varint.ts';

/*
 * One record inside a batch (v2):
 *
 *   length          varint   bytes behind this field
 *   attributes      int8     unused, 0
 *   timestampDelta  varlong  from the batch's baseTimestamp
 *   offsetDelta     varint   from the batch's baseOffset
 *   keyLength       varint   -1 = null, then the key
 *   valueLength     varint   -1 = null, then the value
 *   headersCount    varint   then per header: key length and UTF-8 key (never null),
 *                            value length (-1 = null) and value
 */

export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** A record as read. Key, value and header values share the memory that they were read from. */
export interface Record {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

export interface RecordHeaderInput {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A record to write. What is left out is null, empty, or follows from the batch. */
export interface RecordInput {
  /** Default: one more than the record before; the batch's baseOffset for the first. */
  readonly offset?: number;
  /** Default: -1, no timestamp. */
  readonly timestamp?: number;
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  readonly headers?: readonly RecordHeaderInput[];
}

/** What a batch says that its records do not repeat. */
export interface RecordBase {
  readonly baseOffset: number;
  readonly baseTimestamp: number;
  /** The timestamp of all records when the broker stamped them; undefined: each has its own. */
  readonly logAppendTime: number | undefined;
}

/**
 * Walks over the records of a batch without making an object for any. After `next()` gave true
 * its fields tell where things are in `bytes`; lengths are -1 for null. Every length is checked
 * against the record's end, and the record's against the batch's.
 */
export class RecordCursor {
  recordStart = 0;
  recordEnd = 0;
  offsetDelta = 0;
  timestampDelta = 0;
  keyStart = 0;
  keyLength = -1;
  valueStart = 0;
  valueLength = -1;
  /** Where the headers' count is written. */
  headersStart = 0;

  private readonly reader: VarintReader;
  private read = 0;

  /**
   * @param bytes         the records, not compressed
   * @param recordsCount  how many there have to be between start and end, to the byte
   */
  constructor(
    readonly bytes: Buffer,
    start: number,
    private readonly end: number,
    private readonly recordsCount: number,
    private readonly base: RecordBase,
  ) {
    this.reader = new VarintReader(bytes, start, end);
    this.recordEnd = start;
  }

  get offset(): number {
    return this.base.baseOffset + this.offsetDelta;
  }

  get timestamp(): number {
    return this.base.logAppendTime ?? this.ownTimestamp;
  }

  /** What its producer gave it, even when the broker's time counts. */
  get ownTimestamp(): number {
    return this.base.baseTimestamp + this.timestampDelta;
  }

  /**
   * Goes to the next record, whose headers are checked too.
   *
   * @returns false behind the last one
   * @throws {MalformedMessage} lengths that do not fit, bytes or records left over or missing
   */
  next(): boolean {
    const reader = this.reader;
    if (this.read === this.recordsCount) {
      if (this.recordEnd !== this.end) throw new MalformedMessage('bytes behind the last record');
      return false;
    }
    this.read++;
    reader.position = this.recordStart = this.recordEnd;
    reader.end = this.end;
    const length = reader.varint();
    if (length < 0 || length > this.end - reader.position) {
      throw new MalformedMessage(`a record of ${length} bytes does not fit into its batch`);
    }
    reader.end = this.recordEnd = reader.position + length;
    reader.position++; // attributes
    this.timestampDelta = reader.varlong();
    this.offsetDelta = reader.varint();
    this.keyLength = this.lengthThatFits('key');
    this.keyStart = reader.position;
    if (this.keyLength > 0) reader.position += this.keyLength;
    this.valueLength = this.lengthThatFits('value');
    this.valueStart = reader.position;
    if (this.valueLength > 0) reader.position += this.valueLength;
    this.headersStart = reader.position;
    this.skipHeaders();
    if (reader.position !== this.recordEnd) {
      throw new MalformedMessage('a record is longer than its fields');
    }
    return true;
  }

  /** The key, sharing memory. */
  key(): Buffer | null {
    return this.slice(this.keyStart, this.keyLength);
  }

  /** The value, sharing memory. */
  value(): Buffer | null {
    return this.slice(this.valueStart, this.valueLength);
  }

  headers(): RecordHeader[] {
    const reader = new VarintReader(this.bytes, this.headersStart, this.recordEnd);
    const count = reader.varint();
    const headers: RecordHeader[] = [];
    for (let i = 0; i < count; i++) {
      const keyLength = reader.varint();
      const keyEnd = reader.position + keyLength;
      const key = this.bytes.toString('utf8', reader.position, keyEnd);
      reader.position = keyEnd;
      const valueLength = reader.varint();
      headers.push({ key, value: this.slice(reader.position, valueLength) });
      if (valueLength > 0) reader.position += valueLength;
    }
    return headers;
  }

  /** The record as an object of its own. */
  record(): Record {
    return {
      offset: this.offset,
      timestamp: this.timestamp,
      key: this.key(),
      value: this.value(),
      headers: this.headers(),
    };
  }

  private skipHeaders(): void {
    const reader = this.reader;
    const count = reader.varint();
    // A header takes two bytes or more.
    if (count < 0 || count > (this.recordEnd - reader.position) / 2) {
      throw new MalformedMessage(`${count} headers do not fit into their record`);
    }
    for (let i = 0; i < count; i++) {
      const keyLength = this.lengthThatFits('header key');
      if (keyLength < 0) throw new MalformedMessage('a header without a key');
      reader.position += keyLength;
      const valueLength = this.lengthThatFits('header value');
      if (valueLength > 0) reader.position += valueLength;
    }
  }

  private lengthThatFits(what: string): number {
    const length = this.reader.varint();
    // Below -1 means null as well: Kafka takes any negative length so.
    if (length < 0) return -1;
    if (length > this.recordEnd - this.reader.position) {
      throw new MalformedMessage(`a ${what} of ${length} bytes does not fit into its record`);
    }
    return length;
  }

  private slice(start: number, length: number): Buffer | null {
    return length < 0 ? null : this.bytes.subarray(start, start + length);
  }
}

/** Bytes that `record` takes, its length field included. */
export function sizeOfRecord(
  record: RecordInput,
  timestampDelta: number,
  offsetDelta: number,
): number {
  const body = sizeOfRecordBody(record, timestampDelta, offsetDelta);
  return sizeOfVarint(body) + body;
}

/** Writes `record` at a position and gives the position behind it. */
export function putRecord(
  buffer: Buffer,
  at: number,
  record: RecordInput,
  timestampDelta: number,
  offsetDelta: number,
): number {
  let position = putVarint(buffer, at, sizeOfRecordBody(record, timestampDelta, offsetDelta));
  buffer[position++] = 0; // attributes
  position = putVarlong(buffer, position, timestampDelta);
  position = putVarint(buffer, position, offsetDelta);
  position = putBytes(buffer, position, record.key);
  position = putBytes(buffer, position, record.value);
  const headers = record.headers ?? [];
  position = putVarint(buffer, position, headers.length);
  for (const { key, value } of headers) {
    const keyLength = Buffer.byteLength(key);
    position = putVarint(buffer, position, keyLength);
    buffer.write(key, position);
    position = putBytes(buffer, position + keyLength, value);
  }
  return position;
}

function sizeOfRecordBody(
  { key, value, headers = [] }: RecordInput,
  timestampDelta: number,
  offsetDelta: number,
): number {
  let size = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta);
  size += sizeOfBytes(key) + sizeOfBytes(value) + sizeOfVarint(headers.length);
  for (const header of headers) {
    const keyLength = Buffer.byteLength(header.key);
    size += sizeOfVarint(keyLength) + keyLength + sizeOfBytes(header.value);
  }
  return size;
}

function sizeOfBytes(bytes: Uint8Array | null | undefined): number {
  if (bytes === null || bytes === undefined) return 1;
  return sizeOfVarint(bytes.length) + bytes.length;
}

function putBytes(buffer: Buffer, at: number, bytes: Uint8Array | null | undefined): number {
  if (bytes === null || bytes === undefined) return putVarint(buffer, at, -1);
  const position = putVarint(buffer, at, bytes.length);
  buffer.set(bytes, position);
  return position + bytes.length;
}
