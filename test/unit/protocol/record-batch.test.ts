import { describe, expect, it } from '@jest/globals';
import { batches, buildBatch, readRecords } from '../../../src/protocol/record-batch.ts';

describe('a batch', () => {
  it('reads back as written', () => {
    const records = [
      {
        timestamp: 1000,
        key: Buffer.from('k'),
        value: Buffer.from('v'),
        headers: [{ key: 'h', value: null }],
      },
      { timestamp: 900, key: null, value: null, headers: [] },
    ];
    for (const compression of ['none', 'gzip'] as const) {
      const buffer = buildBatch({ records, baseOffset: 5, compression });
      const range = { buffer, start: 0, end: buffer.length };
      expect(readRecords(range)).toEqual(records.map((r, i) => ({ ...r, offset: 5 + i })));
      expect([...batches(range)]).toMatchObject([
        { baseOffset: 5, lastOffset: 6, maxTimestamp: 1000 },
      ]);
    }
  });
});
