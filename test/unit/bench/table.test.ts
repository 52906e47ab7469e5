import { describe, expect, it } from '@jest/globals';
import type { Sample } from '../../../bench/harness/runner.ts';
import { ratioOf } from '../../../bench/harness/statistics.ts';
import { markdown, rowsOf } from '../../../bench/harness/table.ts';
import type { Workload } from '../../../bench/harness/workload.ts';

const workload: Workload = { number: 1, name: 'produce', title: 'produce', cases: () => [] };
const shows = { cpuPerGiB: { atMost: 0.25 } };

function samples(peer: Sample['peer'], values: readonly number[], clientCores = 0.5): Sample[] {
  return values.map((cpuPerGiB, round) => ({
    ...{ peer, round, case: 'none' },
    figures: { cpuPerGiB, clientCores },
  }));
}

const rounds = (values: readonly number[]) => new Map(values.entries());

describe('the table of the bench', () => {
  it('takes ratios round by round and then their median', () => {
    expect(ratioOf(rounds([1, 2, 30]), rounds([4, 4, 10]))).toEqual({
      median: 0.5,
      least: 0.25,
      most: 3,
      rounds: 3,
    });
    expect(ratioOf(rounds([1]), rounds([]))).toBeUndefined();
  });

  it('sets a round beside the same round where the one before failed', () => {
    const [, ...apache] = samples('apache', [1, 4, 10]);
    const all = [...samples('odradek', [100, 2, 30]), ...apache];
    const [row] = rowsOf(workload, [{ name: 'none', shows }], all);
    expect(row?.toApache).toEqual({ median: 1.75, least: 0.5, most: 3, rounds: 2 });
  });

  it('counts the rounds that every broker in a ratio ended', () => {
    const [, ...apache] = samples('apache', [4, 4, 4]);
    const ours = samples('odradek', [1, 1, 1]);
    const named = [{ name: 'none', shows }];
    expect(rowsOf(workload, named, ours)[0]?.rounds).toBe(3);
    expect(rowsOf(workload, named, [...ours, ...apache])[0]?.rounds).toBe(2);
    const [kfake] = samples('kfake', [2]);
    const all = [...ours, ...apache, ...(kfake === undefined ? [] : [kfake])];
    expect(rowsOf(workload, named, all)[0]?.rounds).toBe(1);
  });

  it('says whether an aim is met, and where the client was the narrow place', () => {
    const all = [...samples('odradek', [1, 1, 1], 1.2), ...samples('apache', [4, 5, 3])];
    const [row] = rowsOf(workload, [{ name: 'none', shows }], all);
    expect(row).toMatchObject({ met: true, clientBound: ['odradek'], rounds: 3 });
    expect(row?.toApache?.median).toBe(0.25);
    expect(markdown(row === undefined ? [] : [row])).toContain(
      '| 1.00* | 4.00 | 0.250 (0.200 to 0.333) |',
    );
  });

  it('does not judge what was not measured', () => {
    const [row] = rowsOf(workload, [{ name: 'none', shows }], samples('odradek', [1]));
    expect(row?.met).toBeUndefined();
    expect(markdown(row === undefined ? [] : [row])).toContain('not measured');
  });

  it('says nothing of the part of an aim that was not measured', () => {
    const aimed = { name: 'none', shows: { cpuPerGiB: { atMost: 0.25, kfakeAtMost: 0.8 } } };
    const both = [...samples('odradek', [1]), ...samples('apache', [8])];
    expect(markdown(rowsOf(workload, [aimed], both))).toContain('|  |  | <= 0.25, met |');
    const all = [...both, ...samples('kfake', [1])];
    expect(markdown(rowsOf(workload, [aimed], all))).toContain(
      '| <= 0.25, kfake <= 0.8, **missed** |',
    );
  });

  it('leaves others empty where a figure is of Odradek alone', () => {
    const ours: Sample = { peer: 'odradek', round: 0, case: 'none', figures: { loopP99Ms: 4 } };
    const aimed = { name: 'none', shows: { loopP99Ms: { absoluteAtMost: 10 } } };
    const [row] = rowsOf(workload, [aimed], [ours, ...samples('apache', [4])]);
    expect(row?.met).toBe(true);
    expect(markdown(row === undefined ? [] : [row])).toContain(
      '| 4.00 |  |  |  |  | Odradek <= 10, met | 1 |',
    );
  });
});
