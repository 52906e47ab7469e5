/** What became of one test. `skip` is the suite's own word: the test ran nothing, or could not say anything. */
export const verdicts = ['pass', 'fail', 'skip'] as const;
export type Verdict = (typeof verdicts)[number];

/** One line of a suite's CSV. */
export interface TestResult {
  readonly test: string;
  readonly verdict: Verdict;
  readonly seconds: number;
  /** One line: why it failed or was skipped; empty when there is nothing to say. */
  readonly note: string;
}

/** How a broker has to be started for a suite, when the frame starts it. */
export interface SuiteBroker {
  /** 1 when left out. */
  readonly brokers?: number;
  /** `node.id` of the first of them, the others follow it; 1 when left out. */
  readonly firstId?: number;
  /** The first one's port where the suite insists on it, the others follow it; free ones when left out. */
  readonly port?: number;
  /** What clients are told of the address; 127.0.0.1 when left out. */
  readonly host?: string;
  /** By Kafka's names. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface SuiteRun {
  /** `host:port`, and more of them after commas. */
  readonly bootstrapServers: string;
  /** Where `prepare` has put the suite; kept between runs. */
  readonly suiteFolder: string;
  /** An empty folder for what this run writes; output of failed tests is kept there. */
  readonly scratch: string;
  /** How long one test may take, when that was said: `--timeout`. */
  readonly testTimeoutMs: number | undefined;
  /** Whether a test was asked for. */
  wants(test: string): boolean;
  /** To be called once for every test, as it ends. */
  report(result: TestResult): void;
}

/** Somebody else's published package with tests in it. Several suites may be made of one. */
export interface SuiteSource {
  /** Also the folder of its suites below test/suites. */
  readonly name: string;
  readonly version: string;
  /**
   * Fetches and builds into this empty folder.
   *
   * @param from  a folder that has the suite's repository, instead of its public address
   */
  prepare(folder: string, from?: string): Promise<void>;
}

/** The tests of somebody else's client, and how they are run against any broker. */
export interface Suite {
  readonly name: string;
  readonly source: SuiteSource;
  readonly broker: SuiteBroker;
  /** Runs the tests one after the other. A test that fails is a result; what is thrown ends the run. */
  run(run: SuiteRun): Promise<void>;
}
