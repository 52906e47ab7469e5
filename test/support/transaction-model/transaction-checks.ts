import assert from 'node:assert';
import { fetch } from '../../../src/protocol/messages/fetch.ts';
import { offsetFetch } from '../../../src/protocol/messages/offset-fetch.ts';
import { committedView, uncommittedView, type SeenRecord } from '../committed-view.ts';
import { fetchRequest } from '../requests.ts';
import { topics, type ModelCluster } from './model-cluster.ts';
import type { ModelTransaction } from './model-transaction.ts';

/** What consumers see of a partition. */
interface View {
  /** What was acknowledged when the view was asked for: more may have come since. */
  readonly acknowledged: readonly string[];
  readonly committed: readonly SeenRecord[];
  readonly all: readonly SeenRecord[];
  readonly lastStableOffset: number;
  readonly highWatermark: number;
}

/**
 * Consumers of both isolation levels, who look again and again:
 * - no record that was acknowledged is lost, and none is there twice;
 * - no record of a transaction that is open or aborted is visible to whoever reads committed records;
 * - a transaction that becomes visible in a partition does so as a whole, in its order;
 * - what was seen once, committed or not, stays as it was, and only more comes behind it;
 * - offsets of groups are those of transactions that are visible, and never go back;
 * - in the end everything is decided, in all partitions alike.
 */
export class TransactionChecks {
  private readonly views = new Map<string, View>();
  private readonly offsets = new Map<string, number>();

  /** @param ids  transactional ids, each of them also the id of a group */
  constructor(
    private readonly cluster: ModelCluster,
    private readonly transactions: readonly ModelTransaction[],
    private readonly ids: readonly string[],
  ) {}

  /** At any moment; what cannot be read now is left out. */
  async look(): Promise<void> {
    for (const [topic, partition] of allPartitions()) await this.lookAt(topic, partition);
    for (const id of this.ids) await this.lookAtOffset(id, false);
  }

  /** When everything has come to rest. */
  async lookAtTheEnd(): Promise<void> {
    for (const [topic, partition] of allPartitions()) {
      const key = `${topic}-${partition}`;
      assert(await this.lookAt(topic, partition), `${key} cannot be read`);
      const { lastStableOffset, highWatermark } = this.views.get(key)!;
      assert.equal(lastStableOffset, highWatermark, `something hangs in ${key}`);
    }
    for (const id of this.ids) {
      assert(await this.lookAtOffset(id, true), `the offset of ${id} cannot be read, or hangs`);
    }
    const counted = this.transactions.filter((one) => this.isVisible(one) !== false);
    for (const id of this.ids) this.checkOffset(id, counted);
  }

  // ---- records

  private async viewOf(topic: string, partition: number): Promise<View | undefined> {
    const { cluster } = this;
    const leader = cluster.leaderOf(topic, partition);
    const ask = async (isolationLevel: number) => {
      const request = fetchRequest([{ topic, partition }], { isolationLevel });
      const response = await cluster.patiently(cluster.ask(leader, fetch, 12, request));
      const [found] = response?.responses[0]?.partitions ?? [];
      return found?.errorCode === 0 ? found : undefined;
    };
    const key = `${topic}-${partition}`;
    const acknowledged = this.transactions.flatMap(({ written }) => written.get(key) ?? []);
    const stable = await ask(1);
    const all = await ask(0);
    if (!stable || !all) return undefined;
    return {
      acknowledged,
      committed: stable.records
        ? committedView(stable.records, stable.abortedTransactions ?? [])
        : [],
      all: all.records ? uncommittedView(all.records) : [],
      lastStableOffset: stable.lastStableOffset,
      highWatermark: stable.highWatermark,
    };
  }

  /** @returns whether it could be read */
  private async lookAt(topic: string, partition: number): Promise<boolean> {
    const key = `${topic}-${partition}`;
    const view = await this.viewOf(topic, partition);
    if (!view) return false;
    const before = this.views.get(key);
    if (before) checkThatItStays(key, before, view);
    this.checkRecords(key, view);
    this.views.set(key, view);
    return true;
  }

  private checkRecords(key: string, view: View): void {
    const { acknowledged, lastStableOffset, highWatermark } = view;
    const all = new Set(view.all.map(({ value }) => value));
    assert.equal(all.size, view.all.length, `${key} holds a record twice`);
    for (const value of acknowledged) assert(all.has(value), `${value} is lost in ${key}`);
    const visible = byTransaction(view.committed);
    for (const { number, written, outcome } of this.transactions) {
      const values = visible.get(number);
      if (values === undefined) continue;
      if (outcome === 'open' || outcome === 'aborted') {
        assert.fail(`${key} shows ${values.join(', ')}, of a transaction that is ${outcome}`);
      }
      const wrote = written.get(key) ?? [];
      // Behind the last stable offset there may be more of it, as long as another one is open.
      const isAll = lastStableOffset === highWatermark;
      const expected = isAll ? wrote : wrote.slice(0, values.length);
      assert.deepEqual(values, expected, `${key} shows a part of ${number}`);
    }
  }

  /** @returns whether it is visible; undefined when it wrote nothing that could be */
  private isVisible({ number, written, outcome }: ModelTransaction): boolean | undefined {
    const parts = [...written.keys()].map((key) =>
      this.views.get(key)!.committed.some(({ value }) => numberOf(value) === number),
    );
    if (outcome === 'committed') {
      assert(!parts.includes(false), `${number} is committed and not there`);
      return true;
    }
    if (outcome !== 'unknown') return false;
    assert(new Set(parts).size <= 1, `${number} is there in some partitions only`);
    return parts[0];
  }

  // ---- offsets

  /** @returns whether it could be read */
  private async lookAtOffset(id: string, requireStable: boolean): Promise<boolean> {
    const { cluster } = this;
    const response = await cluster.patiently(
      cluster.ask(cluster.groupCoordinatorOf(id), offsetFetch, 7, {
        groupId: id,
        topics: [{ name: 'a', partitionIndexes: [0] }],
        requireStable,
      }),
    );
    const found = response?.topics[0]?.partitions[0];
    if (response?.errorCode !== 0 || found?.errorCode !== 0) return false;
    const { committedOffset } = found;
    const before = this.offsets.get(id) ?? -1;
    assert(
      committedOffset >= before,
      `the offset of ${id} went from ${before} to ${committedOffset}`,
    );
    this.offsets.set(id, committedOffset);
    if (committedOffset < 0) return true;
    const { transactionalId, outcome } = this.transactions[committedOffset - 1]!;
    assert.equal(transactionalId, id, `${id} has an offset of ${transactionalId}`);
    const mayCount = outcome === 'committed' || outcome === 'unknown';
    assert(mayCount, `the offset of ${id} is that of ${committedOffset}, which is ${outcome}`);
    return true;
  }

  /** @param counted  transactions of which all is visible, or nothing could be */
  private checkOffset(id: string, counted: readonly ModelTransaction[]): void {
    const offset = this.offsets.get(id)!;
    const candidates = counted.filter((one) => one.transactionalId === id && one.hasOffset);
    const isSure = (one: ModelTransaction) => one.outcome === 'committed' || one.written.size > 0;
    const sure = candidates.filter(isSure).map(({ number }) => number);
    const least = Math.max(-1, ...sure);
    const allowed = candidates.map(({ number }) => number).filter((number) => number >= least);
    if (least === -1) allowed.push(-1);
    const words = `the offset of ${id} is ${offset}, not one of ${allowed.join(', ')}`;
    assert(allowed.includes(offset), words);
  }
}

function allPartitions(): (readonly [string, number])[] {
  return topics.flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => [name, partition] as const),
  );
}

function checkThatItStays(key: string, before: View, now: View): void {
  for (const kind of ['committed', 'all'] as const) {
    const again = now[kind].slice(0, before[kind].length);
    assert.deepEqual(again, before[kind], `${key}: ${kind} records are not those of before`);
  }
  for (const end of ['lastStableOffset', 'highWatermark'] as const) {
    assert(now[end] >= before[end], `${key}: ${end} fell from ${before[end]} to ${now[end]}`);
  }
}

function byTransaction(records: readonly SeenRecord[]): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const { value } of records) {
    const number = numberOf(value);
    const known = found.get(number);
    if (known) known.push(value);
    else found.set(number, [value]);
  }
  return found;
}

const numberOf = (value: string): number => Number(value.slice(0, value.indexOf(':')));
