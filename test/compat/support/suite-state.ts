import type { JarSet } from '../../../scripts/apache-kafka/jars.ts';
import type { TargetName } from './brokers.ts';
import type { ToolRunnerAddress } from './tool-runner.ts';

/** What the set-up found or started; it travels to the test files in the environment. */
export interface SuiteState {
  readonly targets: Partial<Record<TargetName, TargetState>>;
  /** The second broker that tools are compared on; Apache's twin when COMPAT_TARGET=apache. */
  readonly compared?: TargetState;
  readonly toolRunner?: ToolRunnerAddress | Unavailable;
  /** Why other programs of Apache Kafka cannot be run here, when its tools can. */
  readonly missingJars?: Partial<Record<JarSet, string>>;
  /** What our brokers write in the whole run, kept until kafka-dump-log has read it at the end. */
  readonly dataOfRun?: string;
}
export interface Unavailable {
  readonly unavailable: string;
}
export type TargetState =
  { readonly bootstrapServers: string; readonly dataFolders: readonly string[] } | Unavailable;

const STATE = 'COMPAT_STATE';

export function readState(): SuiteState {
  return JSON.parse(process.env[STATE] ?? '{"targets":{}}') as SuiteState;
}

export function writeState(state: SuiteState): void {
  process.env[STATE] = JSON.stringify(state);
}
