import { describe, expect, it } from '@jest/globals';
import { batches, batchProblem } from '../../../src/protocol/record-batch.ts';
import {
  describeBatches,
  javaBatches,
  javaDescriptions,
  rebuildBatches,
} from '../../support/described-batches.ts';

const descriptions = javaDescriptions();

describe.each(Object.keys(descriptions))('batches of Apache Kafka 4.3.1: %s', (name) => {
  const range = javaBatches(name);
  const expected = descriptions[name]!;

  it('are valid', () => {
    for (const { position } of batches(range)) {
      expect(batchProblem(range.buffer, position, range.end)).toBeUndefined();
    }
  });

  it('are read as Kafka reads them', () => {
    expect(describeBatches(range)).toEqual(expected);
  });

  it('are written alike: to the byte when not compressed', () => {
    const rebuilt = rebuildBatches(range);
    const ours = { buffer: rebuilt, start: 0, end: rebuilt.length };
    if (expected.every(({ compression }) => compression === 'none')) {
      expect(rebuilt.equals(range.buffer.subarray(range.start, range.end))).toBe(true);
    }
    const whatDependsOnTheCompressor = { sizeInBytes: 0, crc: 0 };
    expect(describeBatches(ours).map((b) => ({ ...b, ...whatDependsOnTheCompressor }))).toEqual(
      expected.map((b) => ({ ...b, ...whatDependsOnTheCompressor })),
    );
  });
});
