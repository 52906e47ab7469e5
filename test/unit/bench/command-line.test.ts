import { describe, expect, it, test } from '@jest/globals';
import { UsageError } from '../../../bin/usage.ts';
import { parseCommandLine } from '../../../bench/harness/command-line.ts';

const names = (args: readonly string[]): string[] => {
  const asked = parseCommandLine(args);
  return 'workloads' in asked ? asked.workloads.map(({ name }) => name) : [];
};

describe('the command line of the bench', () => {
  it('measures all workloads beside Apache Kafka when nothing is said', () => {
    expect(parseCommandLine([])).toMatchObject({
      ...{ kind: 'measure', peers: ['odradek', 'apache'], rounds: 5, size: 'full' },
      ...{ profile: false, only: undefined, out: '.cache/bench' },
    });
    expect(names([])).toHaveLength(14);
  });

  it('takes workloads by name and number', () => {
    expect(names(['1', 'consume'])).toEqual(['produce-big', 'consume']);
    expect(names(['9', '--write'])).toEqual(['durability']);
  });

  it('takes cases by the names that the tables have', () => {
    const args = ['1', '--case', 'none, raw', '--case', 'zstd, raw'];
    expect(parseCommandLine(args)).toMatchObject({ only: ['none, raw', 'zstd, raw'] });
  });

  it('counts, without a workload; tries a workload with small sizes and one round', () => {
    expect(parseCommandLine(['--quick'])).toEqual({ kind: 'count', updateGuard: false });
    const updating = ['--quick', '--update-guard'];
    expect(parseCommandLine(updating)).toEqual({ kind: 'count', updateGuard: true });
    expect(parseCommandLine(['3', '--quick'])).toMatchObject({
      ...{ kind: 'measure', peers: ['odradek'], rounds: 1, size: 'quick' },
    });
  });

  test.each([
    [['3', '--quick', '--update-guard'], '--update-guard is for --quick alone'],
    [['--update-guard'], '--update-guard is for --quick alone'],
    [['--quick', '--profile'], '--profile is of workloads, and --quick alone counts'],
    [['--write', '--quick', '--rounds', '5'], '--write measures nothing: --quick, --rounds is not'],
    [['15'], 'there is no workload 15'],
    [['--brokers', 'odradek,redpanda'], 'there is no broker redpanda, only odradek, apache, kfake'],
    [['--rounds', '0'], '--rounds takes a whole number from 1'],
    [['3', '--case', 'none'], "there is no case 'none' but these:\n  100 bytes\n  10 KiB"],
  ])('%j is wrong usage', (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(UsageError);
    expect(() => parseCommandLine(args)).toThrow(message);
  });

  it('names a case of one workload whichever others there are', () => {
    expect(parseCommandLine(['--case', 'ten minutes later'])).toMatchObject({ kind: 'measure' });
    const quick = ['13', '--quick', '--case', 'ten minutes later'];
    expect(() => parseCommandLine(quick)).toThrow('a second later');
  });
});
