import type { Workload } from '../harness/workload.ts';
import { batchCases, quickly, type BatchShape } from './produce-batches.ts';

export const bigBatches: BatchShape = {
  batchBytes: 131_072,
  recordsPerBatch: 127,
  records: 1_000_000,
  requests: 8192,
};

export const produceBig: Workload = {
  number: 1,
  name: 'produce-big',
  title: 'produce 1 KiB records, acks=all, batches of 128 KiB, 6 partitions',
  watchesLoop: true,
  cases: (size) =>
    batchCases(quickly(bigBatches, size), {
      cpuPerGiB: { atMost: 0.25, kfakeAtMost: 0.8 },
      megabytesPerSecond: { atLeast: 2, kfakeAtLeast: 1.1 },
      always: { loopP99Ms: { absoluteAtMost: 10 } },
    }),
};
