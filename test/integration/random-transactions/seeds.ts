import assert from 'node:assert';
import { describe, it } from '@jest/globals';
import { fetch } from '../../src/protocol/messages/fetch.ts';
import { offsetFetch } from '../../src/protocol/messages/offset-fetch.ts';
import { updateFeatures } from '../../src/protocol/messages/update-features.ts';
import { committedView, uncommittedView } from '../support/committed-view.ts';
import { settle } from '../support/manual-clock.ts';
import { fetchRequest } from '../support/requests.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { ModelCluster, topics } from '../support/transaction-model/model-cluster.ts';
import {
  ModelProducer,
  type ModelTransaction,
} from '../support/transaction-model/model-producer.ts';

/*
 * Transactional producers of both styles, zombies among them, on brokers that stop and start, or on a
 * process that is killed, with requests between brokers that are lost or late, and time that passes.
 * A checker looks at what consumers see, all the time and at the end:
 * - no record of a committed transaction is lost, or there twice;
 * - no record of an aborted one is visible to whoever reads committed records;
 * - a transaction that becomes visible in a partition does so as a whole;
 * - offsets and records of a transaction agree;
 * - nothing hangs: in the end everything is decided.
 */

const runs = Number(process.env['TRANSACTION_RUNS'] ?? 300);
const firstSeed = Number(process.env['TRANSACTION_SEED'] ?? 1);
const steps = 120;
const ids = ['tx-a', 'tx-b', 'tx-c'];

/** Over all runs: chance must not be too unkind to show anything. */
const seen = { committed: 0, aborted: 0, open: 0, unknown: 0, crashes: 0, stops: 0, lives: 0 };

interface View {
  /** What was acknowledged when the view was asked for: more may have come since. */
  readonly acknowledged: readonly string[];
  readonly committed: readonly string[];
  readonly all: readonly string[];
  readonly lastStableOffset: number;
  readonly highWatermark: number;
}

class Model {
  private readonly random: SeededRandom;
  private readonly cluster: ModelCluster;
  private readonly producers: ModelProducer[] = [];
  private readonly transactions: ModelTransaction[] = [];

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    const isOnDisk = seed % 3 === 0;
    this.cluster = new ModelCluster(this.random, isOnDisk ? 1 + (seed % 2) : 3, isOnDisk);
  }

  async run(): Promise<void> {
    await this.cluster.start();
    try {
      await this.go();
    } finally {
      await this.cluster.close();
    }
  }

  private async go(): Promise<void> {
    for (const id of ids) this.newLife(id);
    for (let step = 0; step < steps; step++) {
      await this.step();
      if (step % 15 === 0) await this.checkWhatIsVisible();
    }
    await this.comeToRest();
    await this.checkTheEnd();
  }

  private newLife(id = this.random.pick(ids)): void {
    seen.lives++;
    const begin = (transactionalId: string): ModelTransaction => {
      const number = this.transactions.length + 1;
      const begun: ModelTransaction = {
        number,
        transactionalId,
        written: new Map(),
        hasOffset: false,
        outcome: 'open',
      };
      this.transactions.push(begun);
      return begun;
    };
    const style = this.random.pick(['v1', 'v2'] as const);
    this.producers.push(new ModelProducer(id, style, this.cluster, this.random, begin));
  }

  private async step(): Promise<void> {
    const { cluster, random } = this;
    const chance = random.below(100);
    if (chance < 70) {
      for (let i = 0; i < 3; i++) random.pick(this.producers).act();
    } else if (chance < 84) {
      await cluster.clock.advance(random.pick([5, 25, 120, 1_100]));
    } else if (chance < 87) await cluster.clock.advance(random.pick([9_000, 26_000]));
    else if (chance < 91) this.newLife();
    else if (chance < 94) {
      cluster.trouble.lost = random.pick([0, 0, 2, 5]);
      cluster.trouble.unanswered = random.pick([0, 0, 2, 5]);
      cluster.trouble.late = random.pick([0, 0, 3]);
    } else if (chance < 95) await this.changeVersion();
    else await this.disturb();
    await settle(1);
    for (const { bug } of this.producers) if (bug !== undefined) throw bug as Error;
  }

  private async changeVersion(): Promise<void> {
    const level = this.random.below(3);
    const update = (upgradeType: number) =>
      this.cluster.ask(this.cluster.running[0]!, updateFeatures, 2, {
        featureUpdates: [{ feature: 'transaction.version', maxVersionLevel: level, upgradeType }],
      });
    await this.cluster.patiently(Promise.all([update(1), update(2)]));
  }

  private async disturb(): Promise<void> {
    const { cluster, random } = this;
    if (cluster.isOnDisk) {
      seen.crashes++;
      await cluster.crash();
      return;
    }
    const [stopped] = cluster.stoppedBrokers;
    if (stopped !== undefined) await cluster.startBroker(stopped);
    else {
      seen.stops++;
      await cluster.stopBroker(random.pick(cluster.running));
    }
  }

  /** Everything is mended, nobody begins anything new, and time passes until all timeouts are over. */
  private async comeToRest(): Promise<void> {
    const { cluster } = this;
    Object.assign(cluster.trouble, { lost: 0, unanswered: 0, late: 0 });
    for (const id of cluster.stoppedBrokers) await cluster.startBroker(id);
    for (let i = 0; i < 6; i++) await cluster.clock.advance(10_000);
    await settle();
  }

  // ---- what consumers see

  private async viewOf(topic: string, partition: number): Promise<View | undefined> {
    const leader = this.cluster.leaderOf(topic, partition);
    const ask = async (isolationLevel: number) => {
      const request = fetchRequest([{ topic, partition }], { isolationLevel });
      const response = await this.cluster.patiently(this.cluster.ask(leader, fetch, 12, request));
      const [found] = response?.responses[0]?.partitions ?? [];
      return found?.errorCode === 0 ? found : undefined;
    };
    const key = `${topic}-${partition}`;
    const acknowledged = this.transactions.flatMap(({ written }) => written.get(key) ?? []);
    const stable = await ask(1);
    const all = await ask(0);
    if (!stable || !all) return undefined;
    const committed = stable.records
      ? committedView(stable.records, stable.abortedTransactions ?? [])
      : [];
    return {
      acknowledged,
      committed: committed.map(({ value }) => value),
      all: all.records ? uncommittedView(all.records).map(({ value }) => value) : [],
      lastStableOffset: stable.lastStableOffset,
      highWatermark: stable.highWatermark,
    };
  }

  private async views(): Promise<Map<string, View>> {
    const views = new Map<string, View>();
    for (const { name, partitions } of topics) {
      for (let partition = 0; partition < partitions; partition++) {
        const view = await this.viewOf(name, partition);
        const key = `${name}-${partition}`;
        if (!view) continue;
        this.checkPartition(key, view);
        views.set(key, view);
      }
    }
    return views;
  }

  private async checkWhatIsVisible(): Promise<void> {
    await this.views();
  }

  private checkPartition(key: string, view: View): void {
    const { acknowledged, committed, all, lastStableOffset, highWatermark } = view;
    assert.equal(new Set(all).size, all.length, `${key} holds a record twice`);
    for (const value of acknowledged) assert(all.includes(value), `${value} is lost in ${key}`);
    for (const { number, written, outcome } of this.transactions) {
      const wrote = written.get(key) ?? [];
      const visible = committed.filter((value) => value.startsWith(`${number}:`));
      if (outcome === 'open' || outcome === 'aborted') {
        assert.deepEqual(visible, [], `${key} shows records of ${number}, which is ${outcome}`);
      } else if (visible.length > 0) {
        // Behind the last stable offset there may be more of it, as long as another one is open.
        const isAll = lastStableOffset === highWatermark;
        const expected = isAll ? wrote : wrote.slice(0, visible.length);
        assert.deepEqual(visible, expected, `${key} shows a part of ${number}`);
      }
    }
  }

  private async checkTheEnd(): Promise<void> {
    const views = await this.views();
    assert.equal(views.size, 4, 'every partition can be read');
    for (const [key, view] of views) {
      assert.equal(view.lastStableOffset, view.highWatermark, `something hangs in ${key}`);
    }
    const isVisible = (one: ModelTransaction) => this.checkWhole(one, views);
    const counted = this.transactions.filter((one) => isVisible(one) !== false);
    for (const id of ids) await this.checkOffset(id, counted);
    for (const { outcome } of this.transactions) seen[outcome]++;
  }

  /** @returns whether it is visible; undefined when it wrote nothing that could be */
  private checkWhole(one: ModelTransaction, views: ReadonlyMap<string, View>): boolean | undefined {
    const parts = [...one.written].map(([key, wrote]) => {
      const { committed } = views.get(key)!;
      return wrote.every((value) => committed.includes(value));
    });
    if (one.outcome === 'committed') {
      assert(!parts.includes(false), `${one.number} is committed and not there`);
      return true;
    }
    if (one.outcome !== 'unknown') return false;
    assert(new Set(parts).size <= 1, `${one.number} is there in some partitions only`);
    return parts[0];
  }

  private async checkOffset(id: string, counted: readonly ModelTransaction[]): Promise<void> {
    const coordinator = this.cluster.groupCoordinatorOf(id);
    const request = { groupId: id, topics: [{ name: 'a', partitionIndexes: [0] }] };
    const response = await this.cluster.patiently(
      this.cluster.ask(coordinator, offsetFetch, 7, { ...request, requireStable: true }),
    );
    const { errorCode, committedOffset } = response!.topics[0]!.partitions[0]!;
    assert.equal(errorCode, 0, `the offset of ${id} hangs`);
    const candidates = counted.filter((one) => one.transactionalId === id && one.hasOffset);
    const isSure = (one: ModelTransaction) => one.outcome === 'committed' || one.written.size > 0;
    const sure = candidates.filter(isSure).map(({ number }) => number);
    const least = Math.max(-1, ...sure);
    const allowed = candidates.map(({ number }) => number).filter((number) => number >= least);
    if (least === -1) allowed.push(-1);
    assert(
      allowed.includes(committedOffset),
      `the offset of ${id} is ${committedOffset}, not one of ${allowed.join(', ')}`,
    );
  }
}

describe('transactions, whatever happens', () => {
  const atOnce = 50;
  for (let first = firstSeed; first < firstSeed + runs; first += atOnce) {
    const end = Math.min(first + atOnce, firstSeed + runs);
    it(`seeds ${first} to ${end - 1}`, async () => {
      for (let seed = first; seed < end; seed++) {
        try {
          await new Model(seed).run();
        } catch (error) {
          throw new Error(`seed ${seed} (TRANSACTION_SEED=${seed} TRANSACTION_RUNS=1)`, {
            cause: error,
          });
        }
      }
    });
  }

  it('all of it happened', () => {
    if (runs < 100) return;
    const { unknown, ...others } = seen;
    assert(unknown > 0, 'no commit was ever in doubt');
    for (const [what, count] of Object.entries(others)) assert(count >= runs, `${what}: ${count}`);
  });
});
