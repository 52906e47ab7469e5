import { deleteRecords } from '../../../../src/protocol/messages/delete-records.ts';
import { produce } from '../../../../src/protocol/messages/produce.ts';
import { crc32c } from '../../../../src/protocol/crc32c.ts';
import { buildBatch, type BatchInput } from '../../../../src/protocol/record-batch.ts';
import type { RequestInput } from '../../../../src/protocol/schema.ts';
import {
  fetchRequest,
  produceRequest,
  rangeOf,
  type ProduceWish,
} from '../../../support/requests.ts';
import { fetch } from '../../../../src/protocol/messages/fetch.ts';
import { RawProtocol, type Question, type Wire } from '../../support/raw-protocol.ts';
import { describeTarget } from '../../support/suite.ts';

const startMs = 1_700_000_000_000;
const raw = new RawProtocol('produce');
const partitions = 14;

interface Topic {
  readonly name: string;
  readonly topicId: string;
}

/** A batch of records at a fixed time. */
function batch(values: readonly string[], more: Partial<BatchInput> = {}): Buffer {
  return buildBatch({
    records: values.map((value, i) => ({
      timestamp: startMs + i,
      key: Buffer.from('k'),
      value: Buffer.from(value),
    })),
    ...more,
  });
}

/** The batch with a change in its bytes, and the checksum of what it then is. */
function changed(bytes: Buffer, change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy);
  copy.writeUInt32BE(crc32c(copy, 21, copy.length), 17);
  return copy;
}

/** Produces at every version and writes down the answers, then what has come to lie in the partition. */
async function ask(
  wire: Wire,
  question: string,
  { name, topicId }: Topic,
  records: Buffer | null,
  wish: ProduceWish & Question = {},
): Promise<void> {
  await wire.ask(
    question,
    produce,
    () => produceRequest(records, { topic: name, topicId, ...wish }),
    wish,
  );
}

/** As `ask`, into a partition for each version. */
async function askApart(
  wire: Wire,
  question: string,
  { name, topicId }: Topic,
  records: Buffer,
  wish: ProduceWish & Question = {},
): Promise<void> {
  await wire.ask(
    question,
    produce,
    (version) => produceRequest(records, { topic: name, topicId, partition: version, ...wish }),
    { ...wish, partitionPerVersion: true },
  );
}

async function read(wire: Wire, question: string, { name }: Topic, partition = 0): Promise<void> {
  await wire.ask(question, fetch, () => fetchRequest([{ topic: name, partition }]), {
    from: 12,
    to: 12,
  });
}

describeTarget('raw protocol: Produce', () => {
  raw.test('row 48: exactly one batch of the current format', async (wire) => {
    const topic = await wire.topic('t');
    const one = batch(['a']);
    await ask(wire, 'no bytes', topic, Buffer.alloc(0));
    await ask(wire, 'less than a frame', topic, one.subarray(0, 10));
    await ask(wire, 'less than a magic number', topic, one.subarray(0, 16));
    await ask(wire, 'less than a header', topic, one.subarray(0, 40));
    await ask(wire, 'less than a batch', topic, one.subarray(0, one.length - 1));
    await ask(wire, 'two batches', topic, Buffer.concat([one, one]));
    await ask(
      wire,
      'length of 5',
      topic,
      changed(one, (b) => b.writeInt32BE(5, 8)),
    );
    await ask(
      wire,
      'length of 20',
      topic,
      changed(one, (b) => b.writeInt32BE(20, 8)),
    );
    await ask(
      wire,
      'negative length',
      topic,
      changed(one, (b) => b.writeInt32BE(-1, 8)),
    );
    for (const magic of [-1, 0, 1, 3]) {
      await ask(
        wire,
        `magic ${magic}`,
        topic,
        changed(one, (b) => b.writeInt8(magic, 16)),
      );
    }
    await ask(wire, 'an old message', topic, oldMessage());
    await read(wire, 'nothing was written', topic);
  });

  raw.test('row 48: a rest behind the batch', async (wire) => {
    const topic = await wire.topic('t', {}, partitions);
    const one = batch(['a']);
    await askApart(wire, '5 bytes', topic, Buffer.concat([one, one.subarray(0, 5)]));
    await askApart(wire, '20 bytes', topic, Buffer.concat([one, one.subarray(0, 20)]));
    await askApart(wire, 'all but one', topic, Buffer.concat([one, one.subarray(0, -1)]));
    await read(wire, 'written', topic, 7);
  });

  raw.test('row 49: headers and records must agree', async (wire) => {
    const topic = await wire.topic('t');
    const two = batch(['a', 'b']);
    const wrongCrc = Buffer.from(two);
    wrongCrc.writeUInt32BE(1, 17);
    await ask(wire, 'wrong checksum', topic, wrongCrc);
    const set = async (what: string, change: (bytes: Buffer) => void, more: Question = {}) =>
      ask(wire, what, topic, changed(two, change), more);
    await set('records count 1', (b) => b.writeInt32BE(1, 57));
    await set('records count 3', (b) => b.writeInt32BE(3, 57));
    await set('records count 0', (b) => b.writeInt32BE(0, 57));
    await set('records count -1', (b) => b.writeInt32BE(-1, 57));
    await set('last offset delta 0', (b) => b.writeInt32BE(0, 23));
    await set('last offset delta 5', (b) => b.writeInt32BE(5, 23));
    await set('last offset delta -1', (b) => b.writeInt32BE(-1, 23));
    await set('count 3 and delta 2', (b) => {
      b.writeInt32BE(3, 57);
      b.writeInt32BE(2, 23);
    });
    await set('count 1 and delta 0', (b) => {
      b.writeInt32BE(1, 57);
      b.writeInt32BE(0, 23);
    });
    await set('base offset 5', (b) => b.writeBigInt64BE(5n, 0));
    await set('base offset -1', (b) => b.writeBigInt64BE(-1n, 0));
    // Kafka answers UNKNOWN_SERVER_ERROR and logs an error of its own; the client's data is to blame.
    const onPurpose = 'we blame the record';
    await set('codec 5', (b) => b.writeInt16BE(5, 21), { onPurpose });
    await set('codec 7', (b) => b.writeInt16BE(7, 21), { onPurpose });
    await set('gzip that is none', (b) => b.writeInt16BE(1, 21), { onPurpose });
    await set('snappy that is none', (b) => b.writeInt16BE(2, 21), { onPurpose });
    await set('lz4 that is none', (b) => b.writeInt16BE(3, 21), { onPurpose });
    await set('zstd that is none', (b) => b.writeInt16BE(4, 21), { onPurpose });
    await set('a control batch', (b) => b.writeInt16BE(0x20, 21));
    await set('a producer without sequence', (b) => b.writeBigInt64BE(5n, 43));
    await set('LogAppendTime', (b) => b.writeInt16BE(0x08, 21));
    await set('record longer than the batch', (b) => b.writeInt8(100, 61));
    await set('record of length -1', (b) => b.writeInt8(1, 61));
    await read(wire, 'what was written', topic);
  });

  raw.test('row 49: offset deltas without gaps', async (wire) => {
    const topic = await wire.topic('t');
    const records = [0, 2].map((offset) => ({
      offset,
      timestamp: startMs,
      value: Buffer.from('a'),
    }));
    // Kafka writes it: the next batch then begins with an offset that this one has used.
    await ask(wire, 'deltas 0 and 2', topic, buildBatch({ records, lastOffset: 1 }), {
      onPurpose: 'we do not write an offset twice',
    });
  });

  raw.test('row 50: sizes', async (wire) => {
    const topic = await wire.topic('t', { 'max.message.bytes': '500' }, partitions);
    await ask(wire, 'more than max.message.bytes', topic, batch(['x'.repeat(500)]));
    const exactly = batch(['x'.repeat(500 - batch([]).length - 9)]);
    wire.note('size', exactly.length);
    await askApart(wire, 'as much', topic, exactly);
    const compressed = batch(['x'.repeat(2_000)], { compression: 'gzip' });
    await askApart(wire, 'as little when compressed', topic, compressed);
    const plain = await wire.topic(
      'plain',
      { 'max.message.bytes': '500', 'compression.type': 'uncompressed' },
      partitions,
    );
    await askApart(wire, 'too much when uncompressed', plain, compressed);
    const large = await wire.topic('large', { 'max.message.bytes': '3000000' });
    const segment = await wire.topic('segment', {
      'max.message.bytes': '3000000',
      'segment.bytes': '1048576',
    });
    await ask(wire, 'more than the default', topic, batch(['x'.repeat(1_100_000)]), { from: 8 });
    await ask(wire, 'less than a segment', large, batch(['x'.repeat(1_100_000)]), {
      from: 11,
      to: 11,
    });
    await ask(wire, 'more than a segment', segment, batch(['x'.repeat(1_100_000)]), { from: 8 });
  });

  raw.test('row 51: acks', async (wire) => {
    const topic = await wire.topic('t', {}, partitions);
    for (const acks of [-1, 1]) {
      await askApart(wire, `acks ${acks}`, topic, batch(['a']), { acks });
    }
    for (const acks of [-2, 2]) {
      await ask(wire, `acks ${acks}`, topic, batch(['a']), { acks });
      await ask(wire, `acks ${acks}, unknown topic`, { ...topic, name: 'unknown' }, batch(['a']), {
        acks,
        to: 12,
      });
    }
    await ask(wire, 'acks 0 that fails', topic, Buffer.alloc(0), { acks: 0, from: 12 });
  });

  raw.test('row 52: min.insync.replicas is no more than there are replicas', async (wire) => {
    const topic = await wire.topic('t', { 'min.insync.replicas': '2' }, partitions);
    for (const acks of [-1, 1]) {
      await askApart(wire, `acks ${acks}`, topic, batch(['a']), { acks });
    }
  });

  raw.test('row 53: each codec; zstd from version 7 on', async (wire) => {
    for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const topic = await wire.topic(compression, {}, partitions);
      await askApart(wire, compression, topic, batch(['a', 'b'], { compression }));
      await read(wire, `${compression} is kept`, topic, 9);
    }
  });

  raw.test('row 54: a compacted topic needs keys', async (wire) => {
    const topic = await wire.topic('t', { 'cleanup.policy': 'compact' });
    const records = [null, 'k', null].map((key, i) => ({
      timestamp: startMs,
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from(`${i}`),
    }));
    await ask(wire, 'two without', topic, buildBatch({ records }));
    await ask(wire, 'compressed', topic, buildBatch({ records, compression: 'gzip' }), { from: 8 });
    await read(wire, 'nothing was written', topic);
  });

  raw.test('row 55: timestamps out of bounds', async (wire) => {
    const hour = 3_600_000;
    const topic = await wire.topic('t', { 'message.timestamp.before.max.ms': `${hour}` });
    const at = async (what: string, times: number[], more = {}) => {
      const records = times.map((timestamp) => ({ timestamp, value: Buffer.from('a') }));
      await ask(wire, what, topic, buildBatch({ records }), more);
    };
    const now = Date.now();
    wire.hide(now - 2 * hour, 'two hours ago');
    wire.hide(now + 2 * hour, 'in two hours');
    await at('too old', [now - 2 * hour]);
    await at('too new', [now + 2 * hour], { from: 7 });
    await at('the second too new', [now, now + 2 * hour], { from: 7 });
    await at('the first too old, the second fine', [now - 2 * hour, now], { from: 8 });
    await at('none', [-1], { from: 11, to: 11 });
    await at('negative', [-5], { from: 11, to: 11 });
    await read(wire, 'written', topic);
  });

  raw.test('row 55: reasons of several kinds', async (wire) => {
    const topic = await wire.topic('t', {
      'cleanup.policy': 'compact',
      'message.timestamp.before.max.ms': '1000',
    });
    const old = { timestamp: startMs, value: Buffer.from('a') };
    const keyed = { ...old, key: Buffer.from('k') };
    const fine = { timestamp: Date.now(), value: Buffer.from('a') };
    const ask8 = async (what: string, records: { timestamp: number; value: Buffer }[]) =>
      ask(wire, what, topic, buildBatch({ records }), { from: 8, to: 8 });
    await ask8('no key and too old', [old]);
    await ask8('no key, then too old', [fine, keyed]);
    await ask8('too old, then no key', [keyed, fine]);
    const many = Array.from({ length: 15 }, () => fine);
    await ask8('many without a key', many);
  });

  raw.test('row 56: LogAppendTime', async (wire) => {
    const topic = await wire.topic('t', { 'message.timestamp.type': 'LogAppendTime' }, partitions);
    await askApart(wire, 'plain', topic, batch(['a', 'b']));
    await read(wire, 'the plain one', topic, 9);
    const compressed = batch(['a', 'b'], { compression: 'gzip' });
    await askApart(wire, 'compressed', topic, compressed);
    const said = changed(batch(['a']), (b) => b.writeInt16BE(0x08, 21));
    await askApart(wire, 'said by the producer', topic, said);
    await read(wire, 'all', topic, 9);
  });

  raw.test('row 57: the topic has a codec of its own', async (wire) => {
    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd', 'uncompressed']) {
      const topic = await wire.topic(codec, { 'compression.type': codec }, partitions);
      await askApart(wire, `none to ${codec}`, topic, batch(['a', 'b']));
      await askApart(wire, `gzip to ${codec}`, topic, batch(['a'], { compression: 'gzip' }));
      await read(wire, `as ${codec}`, topic, 9);
    }
  });

  raw.test('row 60: unknown topics and partitions', async (wire) => {
    const topic = await wire.topic('t');
    await ask(wire, 'unknown topic', { ...topic, name: wire.name('unknown') }, batch(['a']), {
      to: 12,
    });
    await ask(wire, 'a name that is none', { ...topic, name: 'a/b' }, batch(['a']), { to: 12 });
    await ask(wire, 'no name', { ...topic, name: '' }, batch(['a']), { to: 12 });
    await ask(wire, 'unknown partition', topic, batch(['a']), { partition: 1 });
    await ask(wire, 'negative partition', topic, batch(['a']), { partition: -1 });
    const unknownId = 'AAAAAAAAAAAAAAAAAAAABQ';
    await ask(wire, 'unknown id', { ...topic, topicId: unknownId }, batch(['a']), { from: 13 });
    const zero = 'AAAAAAAAAAAAAAAAAAAAAA';
    await ask(wire, 'zero id', { ...topic, topicId: zero }, batch(['a']), { from: 13 });
  });

  raw.test('a transactional id without transactional records', async (wire) => {
    const topic = await wire.topic('t', {}, partitions);
    await askApart(wire, 'plain', topic, batch(['a']), { transactionalId: 'x' });
    const producer = { producerId: 800_000_001, producerEpoch: 0, baseSequence: 0 };
    await askApart(wire, 'idempotent', topic, batch(['a'], producer), { transactionalId: 'x' });
    await askApart(wire, 'an empty one', topic, batch(['a']), { transactionalId: '' });
  });

  raw.test('keys, values and headers of all sizes', async (wire) => {
    const topic = await wire.topic('t', {}, partitions);
    const header = { key: 'h', value: Buffer.from('v') };
    const records = [
      { timestamp: startMs, key: null, value: null },
      { timestamp: startMs, key: Buffer.alloc(0), value: Buffer.alloc(0) },
      { timestamp: startMs - 5, key: null, value: null, headers: [header, header] },
      { timestamp: startMs + 1e9, value: null, headers: [{ key: '', value: null }] },
    ];
    await askApart(wire, 'plain', topic, buildBatch({ records }));
    await askApart(wire, 'zstd', topic, buildBatch({ records, compression: 'zstd' }), { from: 7 });
    await read(wire, 'written', topic, 9);
  });

  raw.test('row 67: sequences after DeleteRecords', async (wire) => {
    const topic = await wire.topic('t');
    const send = async (baseSequence: number, producerEpoch = 0) => {
      const records = batch(['a'], { producerId: 800_000_002, producerEpoch, baseSequence });
      step += 1;
      await ask(wire, `${step}. ${baseSequence} at epoch ${producerEpoch}`, topic, records, {
        from: 12,
        to: 12,
      });
    };
    let step = 0;
    await send(0);
    await send(1);
    await wire.quietly(deleteRecords, 2, {
      topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, offset: 2 }] }],
      timeoutMs: 5_000,
    });
    await send(1);
    await send(0);
    await send(5);
    await send(2);
    await send(2_147_483_647, 1);
    await send(0, 32_767);
    await send(0, 0);
    await send(1, 32_767);
  });

  raw.test('row 61: internal topics are not for producers', async (wire) => {
    const internal = await wire.offsetsTopic();
    await ask(wire, 'a producer', internal, batch(['a']), { to: 12 });
  });

  raw.test('rows 59, 60: one bad partition does not spoil its neighbours', async (wire) => {
    const { name, topicId } = await wire.topic('t', {}, 3);
    const other = await wire.topic('u', {}, 1);
    const of = (index: number, records: Buffer) => ({ index, records: rangeOf(records) });
    const request = (topicData: RequestInput<typeof produce>['topicData']) => () => ({
      acks: -1,
      timeoutMs: 5_000,
      topicData,
    });
    const a = batch(['a']);
    const at = { from: 12, to: 13, anyOrder: true };
    await wire.ask(
      'four partitions',
      produce,
      request([
        { name, topicId, partitionData: [of(0, a), of(1, Buffer.alloc(0)), of(7, a), of(2, a)] },
        { ...other, partitionData: [of(0, a)] },
      ]),
      at,
    );
    await wire.ask('nothing', produce, request([]), at);
    await wire.ask(
      'a topic without partitions',
      produce,
      request([{ name, topicId, partitionData: [] }]),
      at,
    );
    await read(wire, 'written', { name, topicId });
  });

  raw.test('rows 63 to 65, 68: sequences of an idempotent producer', async (wire) => {
    const topic = await wire.topic('t', {}, 4);
    const producerId = await wire.producerId();
    wire.hide(producerId, 'producer');
    const send = async (
      baseSequence: number,
      count: number,
      { epoch = 0, partition = 0, version = 12 } = {},
    ) => {
      const values = Array.from({ length: count }, (_, i) => `${i}`);
      const records = batch(values, { producerId, producerEpoch: epoch, baseSequence });
      const words = `${count} from ${baseSequence} at epoch ${epoch} to ${partition}`;
      number += 1;
      await ask(wire, `${number}. ${words}`, topic, records, {
        partition,
        from: version,
        to: version,
      });
    };
    let number = 0;
    await send(0, 2);
    await send(0, 2); // a duplicate
    await send(0, 1); // a part of it
    await send(1, 1);
    await send(3, 1); // a gap
    await send(2, 1);
    await send(2, 1);
    await send(0, 2); // an older duplicate
    for (let sequence = 3; sequence < 8; sequence++) await send(sequence, 1);
    await send(0, 2); // out of the window
    await send(3, 1); // the last in the window
    await send(2, 1); // just out of it
    await send(8, 2, { epoch: -1 });
    await send(1, 1, { epoch: 1 }); // a new epoch begins at 0
    await send(0, 1, { epoch: 1 });
    await send(8, 1, { epoch: 0 }); // old epoch
    await send(0, 1, { epoch: 0 });
    await send(1, 1, { epoch: 1, version: 5 });
    await send(7, 1, { epoch: 0, version: 5 });
    await send(5, 1, { partition: 1 }); // nothing is known there: any sequence
    await send(6, 1, { partition: 1 });
    await send(2_147_483_646, 2, { partition: 2 });
    await send(0, 1, { partition: 2 }); // wrapped
    await send(2_147_483_647, 3, { partition: 3 }); // wraps inside
    await send(2, 1, { partition: 3 });
    await send(1, 1, { partition: 3 });
    await read(wire, 'written', topic);
    await read(wire, 'written to 3', topic, 3);
  });

  raw.test('row 64: errors of sequences at every version', async (wire) => {
    const topic = await wire.topic('t');
    const producerId = 900_000_001;
    const producer = (baseSequence: number, producerEpoch: number) =>
      batch(['a'], { producerId, producerEpoch, baseSequence });
    await ask(wire, 'first', topic, producer(0, 1), { from: 12, to: 12 });
    await ask(wire, 'the duplicate', topic, producer(0, 1));
    await ask(wire, 'a gap', topic, producer(5, 1));
    await ask(wire, 'an old epoch', topic, producer(1, 0));
    await ask(wire, 'a new epoch in the middle', topic, producer(1, 2));
  });
});

/** A message of format 0. */
function oldMessage(): Buffer {
  const bytes = Buffer.alloc(12 + 4 + 1 + 1 + 4 + 4 + 5);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt32BE(-1, 18);
  bytes.writeInt32BE(5, 22);
  return bytes;
}
