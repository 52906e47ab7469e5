import type { Delivery } from './verdict.ts';

export interface ConnectorPlan {
  readonly name: string;
  readonly tasks: number;
  readonly config: Readonly<Record<string, string>>;
}

/** How many tasks write numbers, each its own sequence. */
export const numberTasks = 2;
export const numbersPartitions = 3;
const perSecond = 100;

/** Where a transaction of a source ends: after each poll for records, or after an interval. */
export type Boundary = 'poll' | 'interval';

export const sourceNames = { numbers: 'numbers', lines: 'lines' } as const;
export const sinkNames = { numbers: 'numbers-out', lines: 'lines-out' } as const;

interface Wishes {
  readonly delivery: Delivery;
  readonly boundary: Boundary;
  readonly inputFile: string;
  readonly outputFile: string;
}

/** Numbers of two tasks, and the lines of a file; each has a topic by its name, which Kafka Connect makes. */
export function sources({ delivery, boundary, inputFile }: Wishes): ConnectorPlan[] {
  const transactions: Record<string, string> =
    delivery === 'exactly-once'
      ? { 'transaction.boundary': boundary, 'transaction.boundary.interval.ms': '400' }
      : {};
  const topic = (partitions: number): Record<string, string> => ({
    'topic.creation.default.partitions': String(partitions),
    'topic.creation.default.replication.factor': '1',
  });
  return [
    plan(sourceNames.numbers, numberTasks, {
      'connector.class': 'org.apache.kafka.connect.tools.VerifiableSourceConnector',
      topic: sourceNames.numbers,
      throughput: String(perSecond),
      ...topic(numbersPartitions),
      ...transactions,
    }),
    plan(sourceNames.lines, 1, {
      'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
      file: inputFile,
      topic: sourceNames.lines,
      ...topic(1),
      ...transactions,
      // It is known to be able to; of the other one nothing is known.
      ...(delivery === 'exactly-once' && { 'exactly.once.support': 'required' }),
    }),
  ];
}

export function sinks({ outputFile }: Wishes): ConnectorPlan[] {
  return [
    plan(sinkNames.numbers, 2, {
      'connector.class': 'org.apache.kafka.connect.tools.VerifiableSinkConnector',
      topics: sourceNames.numbers,
    }),
    plan(sinkNames.lines, 1, {
      'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
      topics: sourceNames.lines,
      file: outputFile,
    }),
  ];
}

function plan(
  name: string,
  tasks: number,
  config: Readonly<Record<string, string>>,
): ConnectorPlan {
  return { name, tasks, config: { ...config, 'tasks.max': String(tasks) } };
}
