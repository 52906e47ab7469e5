import { describe, expect, test } from '@jest/globals';
import type { JarSet } from '../../../scripts/apache-kafka/jars.ts';
import {
  startTool,
  type RunningTool,
  type ToolName,
  type ToolResult,
  type ToolRunnerAddress,
} from './tool-runner.ts';
import type { TargetName } from './brokers.ts';
import { readState } from './suite-state.ts';

/** The target of the project that this test file runs in (see jest.config.ts). */
export const targetName = (globalThis as { compatTarget?: TargetName }).compatTarget ?? 'odradek';

/** Where the target of this test file listens. */
export function bootstrapServers(target: TargetName = targetName): string {
  const state = readState().targets[target];
  if (state === undefined || 'unavailable' in state) throw new Error(`no ${target} target`);
  return state.bootstrapServers;
}

/** Where the broker listens whose tool output is compared with Apache's. */
export function comparedBootstrapServers(): string {
  const state = readState().compared;
  if (state === undefined || 'unavailable' in state) throw new Error('nothing to compare with');
  return state.bootstrapServers;
}

/** Runs one of Apache Kafka's command-line programs to its end. */
export async function runTool(
  tool: ToolName,
  args: readonly string[],
  stdin = '',
): Promise<ToolResult> {
  return startTool(toolRunner(), tool, args, stdin).result;
}

/** Starts one of Apache Kafka's command-line programs. */
export function launchTool(tool: ToolName, args: readonly string[], stdin = ''): RunningTool {
  return startTool(toolRunner(), tool, args, stdin);
}

export function toolRunner(): ToolRunnerAddress {
  const runner = readState().toolRunner;
  if (runner === undefined || 'unavailable' in runner) throw new Error('no tool runner');
  return runner;
}

/** A group of tests that need the target of this project. */
export function describeTarget(title: string, body: () => void): void {
  describeWhen(title, unavailableTarget(targetName), body);
}

/** A group of tests that need Apache's tools on the target of this project. */
export function describeTools(title: string, body: () => void): void {
  describeWhen(title, unavailableTools(), body);
}

/** A group of tests that run Kafka Streams or Kafka Connect on the target of this project. */
export function describeJars(jars: JarSet, title: string, body: () => void): void {
  describeWhen(title, unavailableTools() ?? readState().missingJars?.[jars] ?? null, body);
}

/** A group of tests that have Apache's tools read the files of this project's target. */
export function describeFiles(title: string, body: () => void): void {
  const state = readState().targets[targetName];
  const isHidden = state !== undefined && 'dataFolders' in state && state.dataFolders.length === 0;
  describeWhen(title, unavailableTools() ?? (isHidden ? 'they are in a container' : null), body);
}

/** A group of tests in which Odradek and the real Apache Kafka take turns on one folder. */
export function describeFolder(title: string, body: () => void): void {
  describeWhen(title, unavailableRunner(), body);
}

function unavailableTools(): string | null {
  return unavailableRunner() ?? unavailableTarget(targetName);
}

/** Why Apache's programs and Java's clients cannot run here, if so. */
export const whyNoTools = (): string | null => unavailableRunner();

function unavailableRunner(): string | null {
  const runner = readState().toolRunner;
  return runner !== undefined && 'unavailable' in runner ? runner.unavailable : null;
}

/** A group of tests that compare what Apache's tools print on Apache Kafka and on another broker. */
export function describeComparison(title: string, body: () => void): void {
  const state = readState();
  const reasons = [state.targets.apache, state.compared, state.toolRunner].flatMap((part) =>
    part !== undefined && 'unavailable' in part ? [part.unavailable] : [],
  );
  describeWhen(title, reasons[0] ?? null, body);
}

/**
 * A group of tests that need something this machine may lack: skipped with the reason on a developer's machine, one
 * failure on CI.
 */
export function describeWhen(title: string, missing: string | null, body: () => void): void {
  if (missing === null) {
    describe(title, body);
  } else if (process.env['CI'] === 'true') {
    test(`${title}: can run on CI`, () => {
      expect(`cannot run: ${missing}`).toBe('running');
    });
  } else {
    // A developer's machine without Java, Maven or a container engine; on CI the same is the failure above.
    // Only the title is shown of a skipped group, so the reason is part of it.
    describe.skip(`${title} (skipped: ${missing})`, body);
  }
}

function unavailableTarget(target: TargetName): string | null {
  const state = readState().targets[target];
  return state !== undefined && 'unavailable' in state ? state.unavailable : null;
}

let names = 0;
/** A name for a topic or a group that no other test uses, on any target or in an earlier run. */
export function uniqueName(what: string): string {
  names += 1;
  return `${what}-${process.pid}-${names}-${Math.random().toString(36).slice(2, 8)}`;
}
