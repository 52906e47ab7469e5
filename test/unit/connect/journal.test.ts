import { describe, expect, it } from '@jest/globals';
import { Journal } from '../../connect/journal.ts';

describe('what connectors print', () => {
  it('tells what stands in the topic, and what the sink was given', () => {
    const journal = new Journal();
    for (const line of [
      '{"task":1,"seqno":7,"time_ms":5,"name":"numbers","topic":"numbers"}', // sent, not yet there
      '{"committed":true,"task":1,"seqno":6,"time_ms":5,"name":"numbers","topic":"numbers"}',
      '{"committed":true,"task":1,"seqno":5,"time_ms":5,"name":"numbers","topic":"numbers"}',
      '{"sinkTask":0,"task":1,"seqno":4,"offset":9,"time_ms":5,"name":"out","topic":"numbers"}',
      '{"sinkTask":0,"task":1,"seqno":4,"offset":9,"time_ms":5,"name":"out","topic":"numbers"}',
      '{"sinkTask":0,"task":1,"seqno":4,"offset":9,"flushed":true,"name":"out"}',
      '{"sinkTask":0,"task":1,"seq', // its worker was killed here
      'a line of something else',
    ])
      journal.hear(line);
    expect([...journal.acknowledged]).toEqual([[1, 7]]);
    expect([...journal.sunk]).toEqual([[1, 5]]);
    expect([...journal.given]).toEqual([['1:4 at 9', 2]]);
  });
});
