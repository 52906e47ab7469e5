import type { TestEnded } from './node-test-events.ts';

/** What Node's test runner says of a test that ended, as far as it is read here. */
interface RunnerEvent {
  readonly type: string;
  readonly data: {
    readonly name: string;
    readonly nesting: number;
    readonly skip?: boolean | string;
    readonly todo?: boolean | string;
    readonly details: { readonly duration_ms: number; readonly error?: Error };
  };
}

/** A reporter of Node's test runner: one JSON line, a `TestEnded`, for each test. Node itself loads this file. */
export default async function* testsEnded(events: AsyncIterable<RunnerEvent>) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { name, nesting, skip, todo, details } = data;
    const cause = details.error?.cause;
    const error = cause instanceof Error ? cause : details.error;
    const line: TestEnded = {
      ...{ name, nesting, isPassed: type === 'test:pass', skipped: skip ?? todo ?? false },
      seconds: details.duration_ms / 1000,
      note: error?.message ?? '',
    };
    yield `${JSON.stringify(line)}\n`;
  }
}
