import {
  buildControlBatch,
  encodeEndTransactionMarker,
} from '../../../src/protocol/control-record.ts';
import { buildBatch, type BatchInput } from '../../../src/protocol/record-batch.ts';
import type { ExpectedBatch } from './expected-log.ts';

/** As it is stored: with the time of the append where the topic wants that. */
export function stamped(batch: ExpectedBatch, logAppendTimeMs: number): ExpectedBatch {
  const sent = batch.sent.map((record) => ({
    ...record,
    value: batch.marker ?? record.value,
    timestamp: logAppendTimeMs >= 0 ? logAppendTimeMs : record.timestamp,
  }));
  return { ...batch, sent, records: sent, bytes: encode(batch).length };
}

export function encode(batch: ExpectedBatch): Buffer {
  const { sent, producerId, producerEpoch, baseSequence, isTransactional, marker } = batch;
  if (marker !== undefined) {
    const value = encodeEndTransactionMarker(0);
    const { timestamp } = sent[0]!;
    return buildControlBatch({ type: marker, value, timestamp, producerId, producerEpoch });
  }
  const input: BatchInput = {
    records: sent.map(({ key, value, timestamp }) => ({
      timestamp,
      key: bytesOf(key),
      value: bytesOf(value),
    })),
    isTransactional,
    compression: batch.compression,
  };
  return buildBatch(producerId < 0 ? input : { ...input, producerId, producerEpoch, baseSequence });
}

/** As records may be that are older than the topic's compaction. */
export function withoutKeys(batch: ExpectedBatch): ExpectedBatch {
  const sent = batch.sent.map((record) => ({ ...record, key: null }));
  return { ...batch, sent, records: sent };
}

const bytesOf = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));
