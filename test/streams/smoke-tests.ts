/** How Apache's two smoke tests of Kafka Streams are run; both are programs in its test jar. */
import { join } from 'node:path';

export const guarantees = ['at_least_once', 'exactly_once_v2'] as const;
export type Guarantee = (typeof guarantees)[number];

export interface Program {
  readonly mainClass: string;
  readonly args: readonly string[];
  /** Kafka properties for a file whose path stands in the arguments. */
  readonly properties?: { readonly file: string; readonly values: Record<string, string> };
}

export interface Circumstances {
  readonly bootstrapServers: string;
  readonly guarantee: Guarantee;
  /** The program's own folder. */
  readonly folder: string;
}

export interface SmokeTest {
  readonly topics: readonly { readonly topic: string; readonly numPartitions: number }[];
  /** Writes the input for a minute or more, then reads the output and tells its verdict. */
  driver(circumstances: Circumstances): Program;
  /** Processes. Those of one test run beside each other. */
  application(circumstances: Circumstances, name: string): Program;
  /** What an application prints once it runs. */
  readonly running: RegExp;
  /** What a driver or an application prints when the first records came through; nobody is killed before. */
  readonly firstRecords: { readonly by: 'driver' | 'application'; readonly line: RegExp };
  /** What the driver prints when all input is written; nobody is killed after that. */
  readonly inputWritten: RegExp;
  readonly passed: RegExp;
  readonly failed: RegExp;
  /** What an application prints that broke down by itself. */
  readonly brokeDown: RegExp;
}

const tests = 'org.apache.kafka.streams.tests';

/** As Apache's own system test of it sets them, for one broker. */
function smokeProperties({ bootstrapServers, guarantee, folder }: Circumstances) {
  return {
    'bootstrap.servers': bootstrapServers,
    'processing.guarantee': guarantee,
    'state.dir': join(folder, 'state'),
    'num.stream.threads': '3',
    'replication.factor': '1',
    'num.standby.replicas': '1',
    'buffered.records.per.partition': '100',
    'commit.interval.ms': '1000',
    'auto.offset.reset': 'earliest',
    acks: 'all',
    'acceptable.recovery.lag': '9223372036854775807',
    'session.timeout.ms': '10000',
    'group.protocol': 'classic',
  };
}

function smokeProgram(command: 'run' | 'process', circumstances: Circumstances): Program {
  const file = join(circumstances.folder, 'streams.properties');
  return {
    mainClass: `${tests}.StreamsSmokeTest`,
    args: [file, command],
    properties: { file, values: smokeProperties(circumstances) },
  };
}

/** Twenty thousand numbers of twenty keys: windows, aggregations, joins and suppression. */
export const streamsSmokeTest: SmokeTest = {
  topics: [
    ...['echo', 'data', 'min', 'min-suppressed', 'min-raw', 'max', 'sum', 'sws-raw'],
    ...['sws-suppressed', 'dif', 'cnt', 'avg', 'wcnt', 'tagg', 'fk'],
  ].map((topic) => ({ topic, numPartitions: 5 })),
  driver: (circumstances) => smokeProgram('run', circumstances),
  application: (circumstances) => smokeProgram('process', circumstances),
  running: /REBALANCING -> RUNNING/,
  firstRecords: { by: 'application', line: /^processed \d+ records from topic/ },
  inputWritten: / 20000 records produced/,
  passed: /^SUCCESS$/,
  failed: /^(FAILURE|FAILED)$/,
  brokeDown: /SMOKE-TEST-CLIENT-EXCEPTION/,
};

const relational = `${tests}.RelationalSmokeTest`;

/** Articles and comments: a foreign-key join and a count, read as tables. Each application is a group of its own. */
export const relationalSmokeTest: SmokeTest = {
  topics: [
    { topic: 'in-article', numPartitions: 3 },
    { topic: 'in-comment', numPartitions: 5 },
    { topic: 'out-augmented-article', numPartitions: 3 },
    { topic: 'out-augmented-comment', numPartitions: 5 },
  ],
  driver: ({ bootstrapServers }) => ({ mainClass: relational, args: ['driver', bootstrapServers] }),
  application: ({ bootstrapServers, guarantee, folder }, name) => ({
    mainClass: relational,
    args: [
      ...['application', bootstrapServers, name],
      ...[guarantee, 'classic', join(folder, 'state')],
    ],
  }),
  running: /Streams has started/,
  firstRecords: { by: 'driver', line: /sent in-comment/ },
  inputWritten: /Smoke test finished producing/,
  passed: /Smoke test complete: passed/,
  failed: /Smoke test complete: failed/,
  brokeDown: /Encountered the following exception during processing/,
};
