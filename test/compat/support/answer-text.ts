import { crc32c } from '../../../src/protocol/crc32c.ts';
import {
  batchSizeAt,
  frameProblem,
  openRecords,
  readBatchHeader,
} from '../../../src/protocol/record-batch.ts';
import { zeroUuid } from '../../../src/protocol/uuid.ts';

/** What JSON can hold. */
export type Plain =
  string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

interface Hidden {
  /** Begins names that are unique to a test. */
  readonly prefix: string;
  /** Port of the broker. */
  readonly port: number;
}

const uuidPattern = /^[\w-]{22}$/;
const soonMs = 60_000;

/** Brings answers into a form that is the same on every broker and in every run. */
export class AnswerText {
  private readonly words = new Map<string | number, string>();

  /** Names that differ in dots and underscores only collide. */
  private readonly collidingPrefix: string;

  constructor(private readonly hidden: Hidden) {
    this.collidingPrefix = hidden.prefix.replaceAll('.', '_');
  }

  hide(value: string | number, word: string): void {
    this.words.set(value, `<${word}>`);
  }

  /** @param partition  the one that was chosen by the version of the request */
  of(value: unknown, partition?: number, field = ''): Plain {
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'number') return this.number(value, partition, field);
    if (typeof value === 'string') return this.string(value);
    if (Buffer.isBuffer(value)) return value.toString('base64');
    if (isRange(value)) return this.records(value.buffer.subarray(value.start, value.end));
    if (Array.isArray(value)) return value.map((element) => this.of(element, partition, field));
    return Object.fromEntries(
      Object.entries(value as object)
        .filter(([, content]) => content !== undefined)
        .map(([name, content]) => [name, this.of(content, partition, name)]),
    );
  }

  private number(value: number, partition: number | undefined, field: string): string | number {
    const word = this.words.get(value);
    if (word !== undefined && value > 99) return word;
    switch (field) {
      case 'port':
        return value === this.hidden.port ? '<port>' : value;
      case 'sessionId':
      case 'producerId':
        return value >= 0 && (field === 'producerId' || value > 0) ? '<some>' : value;
      case 'index':
      case 'partition':
      case 'partitionIndex':
        return value === partition ? '<by version>' : value;
      default:
        return Math.abs(value - Date.now()) < soonMs ? '<now>' : value;
    }
  }

  private string(value: string): string {
    let text =
      this.words.get(value) ??
      value.replaceAll(this.hidden.prefix, '').replaceAll(this.collidingPrefix, '');
    if (uuidPattern.test(text) && text !== zeroUuid) text = '<an id>';
    for (const [hidden, word] of this.words) {
      if (String(hidden).length > 3) text = text.replaceAll(String(hidden), word);
    }
    return text.replaceAll(/\b1[789]\d{11}\b/g, (digits) =>
      Math.abs(Number(digits) - Date.now()) < 2 * 3_600_000 + soonMs ? '<about now>' : digits,
    );
  }

  /** Batches, one text each; what their bytes are is in the checksum, unless time or compression is in them. */
  private records(bytes: Buffer): Plain {
    const result: string[] = [];
    let at = 0;
    while (at < bytes.length) {
      // Kafka fills up with a part of the next batch, which clients drop; we do not.
      if (frameProblem(bytes, at, bytes.length) === 'truncated') break;
      result.push(this.batch(bytes, at));
      at += batchSizeAt(bytes, at);
    }
    return result;
  }

  private batch(bytes: Buffer, at: number): string {
    const header = readBatchHeader(bytes, at);
    const time = (value: number): string => String(this.number(value, undefined, 'time'));
    const cursor = openRecords(bytes, at);
    const records: string[] = [];
    while (cursor.next()) {
      const { offset, timestamp, key, value } = cursor.record();
      const content = value === null || value.length < 40 ? String(value) : `${value.length} bytes`;
      records.push(`${offset}@${time(timestamp)} ${String(key)}=${content}`);
    }
    const end = at + header.sizeInBytes;
    const crc = crc32c(bytes, at + 21, end);
    return [
      `${header.baseOffset}-${header.lastOffset}`,
      `epoch ${header.partitionLeaderEpoch}`,
      header.compression,
      header.compression === 'none' ? `${header.sizeInBytes} bytes` : '',
      `${header.timestampType} ${time(header.baseTimestamp)} ${time(header.maxTimestamp)}`,
      `producer ${String(this.number(header.producerId, undefined, 'producerId'))}/${header.producerEpoch}/${header.baseSequence}`,
      crc === header.crc ? '' : 'wrong checksum',
      `[${records.join(', ')}]`,
    ]
      .filter((part) => part !== '')
      .join(' ');
  }
}

function isRange(value: unknown): value is { buffer: Buffer; start: number; end: number } {
  return typeof value === 'object' && value !== null && 'buffer' in value && 'start' in value;
}
