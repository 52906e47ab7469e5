import type { Workload } from '../harness/workload.ts';
import { batchCases, quickly, type BatchShape } from './produce-batches.ts';

const smallBatches: BatchShape = {
  batchBytes: 16_384,
  recordsPerBatch: 15,
  records: 500_000,
  requests: 40_000,
};

export const produceSmall: Workload = {
  number: 2,
  name: 'produce-16k',
  title: 'produce 1 KiB records, acks=all, batches of 16 KiB, 6 partitions',
  cases: (size) =>
    batchCases(quickly(smallBatches, size), {
      cpuPerGiB: { atMost: 0.2, kfakeAtMost: 0.8 },
      megabytesPerSecond: { atLeast: 2, kfakeAtLeast: 1.1 },
    }),
};
