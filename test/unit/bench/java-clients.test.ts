import { describe, expect, it } from '@jest/globals';
import {
  consumerSummary,
  producerSummary,
  withoutStart,
} from '../../../bench/harness/java-clients.ts';

// Printed by the programs of Apache Kafka 4.3.1.
const produced = `1 records sent, 3.4 records/sec (0.00 MB/sec), 41.0 ms avg latency, 41.0 ms max latency.
7290 records sent, 36268.7 records/sec (35.42 MB/sec), 189.0 ms avg latency, 271.0 ms max latency.
20000 records sent, 22522.522523 records/sec (21.99 MB/sec), 223.80 ms avg latency, 381.00 ms max latency, 208 ms 50th, 363 ms 95th, 374 ms 99th, 381 ms 99.9th.
`;
const consumed = `start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec
2026-11-26 05:17:52:938, 2026-11-26 05:17:53:932, 19.5313, 19.6491, 20000, 20120.7243, 487, 507, 38.5232, 39447.7318
`;

describe("Kafka's Java clients in the bench", () => {
  it('takes from the producer the last line, which has percentiles', () => {
    const { records, seconds } = producerSummary(produced);
    expect(records).toBe(20_000);
    expect(seconds).toBeCloseTo(0.888, 6);
  });

  it('does not count the time in which the consumer joined its group', () => {
    const { records, recordBytes, seconds } = consumerSummary(consumed);
    expect({ records, seconds }).toEqual({ records: 20_000, seconds: 0.507 });
    expect(recordBytes / 1024).toBeCloseTo(20_000, 0); // MB with four digits
  });

  it('shows what a program said that came to no end', () => {
    expect(() => producerSummary('no broker')).toThrow('no broker');
    expect(() => consumerSummary('no broker')).toThrow('no broker');
  });

  it('leaves the start of the JVM out of how busy a client was', () => {
    const least = { seconds: 0.1, busySeconds: 2 };
    expect(withoutStart({ seconds: 5, busySeconds: 6 }, least)).toMatchObject({ busySeconds: 4 });
    expect(withoutStart({ seconds: 5, busySeconds: 1 }, least)).toMatchObject({ busySeconds: 0 });
  });
});
