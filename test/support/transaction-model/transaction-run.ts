import { updateFeatures } from '../../../src/protocol/messages/update-features.ts';
import { settle } from '../manual-clock.ts';
import { SeededRandom } from '../seeded-random.ts';
import { ModelCluster } from './model-cluster.ts';
import { ModelProducer } from './model-producer.ts';
import { nothingSeen, type ModelTransaction, type Seen } from './model-transaction.ts';
import { TransactionChecks } from './transaction-checks.ts';

const ids = ['tx-a', 'tx-b', 'tx-c'];
const stepsBetweenLooks = 15;
const shownSteps = 80;

/**
 * Transactional producers of both styles, zombies among them, on brokers that stop and start, or on a
 * process that is killed, with requests between brokers that are lost or late, and time that passes.
 * Consumers look all the time: see `TransactionChecks`. The seed decides everything; even ones have a disk
 * and processes that are killed, odd ones have brokers that stop and start.
 */
export class TransactionRun {
  readonly seen: Seen = { ...nothingSeen };
  /** What was done and answered so far. */
  readonly steps: string[] = [];
  private readonly random: SeededRandom;
  private readonly cluster: ModelCluster;
  private readonly checks: TransactionChecks;
  private readonly producers: ModelProducer[] = [];
  private readonly transactions: ModelTransaction[] = [];
  private problem: unknown;

  constructor(private readonly seed: number) {
    this.random = new SeededRandom(seed);
    const isOnDisk = seed % 2 === 0;
    this.cluster = new ModelCluster({
      random: this.random,
      isOnDisk,
      brokers: isOnDisk ? 1 + (seed % 4) / 2 : 3,
      onLog: (level, message, fields) => {
        this.note(`  ${level}: ${message}`);
        if (message.endsWith('is aborted: it took too long')) this.seen.timeouts++;
        if (level === 'error') this.problem ??= new Error(message, { cause: fields?.['error'] });
      },
    });
    this.checks = new TransactionChecks(this.cluster, this.transactions, ids);
  }

  /** @throws {Error} what went wrong, with all that led to it */
  async run(steps: number): Promise<void> {
    try {
      await this.cluster.start();
      for (const id of ids) this.newLife(id);
      for (let step = 0; step < steps; step++) {
        await this.step();
        if (step % stepsBetweenLooks === 0) await this.checks.look();
      }
      await this.comeToRest();
      await this.checks.lookAtTheEnd();
      this.count();
      await this.cluster.close();
    } catch (error) {
      const tail = this.steps.slice(-shownSteps);
      const words = `the last of ${this.steps.length} steps:\n  ${tail.join('\n  ')}`;
      throw new Error(`seed ${this.seed}: ${(error as Error).message}\n${words}`, { cause: error });
    }
  }

  private note(what: string): void {
    this.steps.push(`${this.cluster.clock.monotonicMs()} ${what}`);
  }

  private newLife(id = this.random.pick(ids)): void {
    const name = `${id}/${++this.seen.lives}`;
    const style = this.random.pick(['v1', 'v2'] as const);
    const producer = new ModelProducer(name, id, style, {
      cluster: this.cluster,
      random: this.random,
      seen: this.seen,
      begin: (transactionalId) => this.begin(transactionalId),
      note: (what) => this.note(what),
    });
    this.producers.push(producer);
  }

  private begin(transactionalId: string): ModelTransaction {
    const begun: ModelTransaction = {
      number: this.transactions.length + 1,
      transactionalId,
      written: new Map(),
      hasOffset: false,
      outcome: 'open',
    };
    this.transactions.push(begun);
    return begun;
  }

  private async step(): Promise<void> {
    const { cluster, random } = this;
    const chance = random.below(100);
    if (chance < 70) {
      for (let i = 0; i < 3; i++) random.pick(this.producers).act();
    } else if (chance < 84) await this.pass(random.pick([5, 25, 120, 1_100]));
    else if (chance < 87) await this.pass(random.pick([9_000, 26_000]));
    else if (chance < 91) this.newLife();
    else if (chance < 94) {
      cluster.trouble.lost = random.pick([0, 0, 2, 5]);
      cluster.trouble.unanswered = random.pick([0, 0, 2, 5]);
      cluster.trouble.late = random.pick([0, 0, 3]);
    } else if (chance < 95) await this.changeVersion();
    else await this.disturb();
    await settle(1);
    await this.reviveIfDead();
    this.check();
  }

  private check(): void {
    for (const { bug } of this.producers) this.problem ??= bug;
    if (this.problem !== undefined) throw this.problem as Error;
  }

  private async pass(ms: number): Promise<void> {
    await this.cluster.clock.advance(ms);
  }

  private async changeVersion(): Promise<void> {
    const { cluster } = this;
    const level = this.random.below(3);
    this.note(`transaction.version becomes ${level}`);
    const update = (upgradeType: number) =>
      cluster.ask(cluster.running[0]!, updateFeatures, 2, {
        featureUpdates: [{ feature: 'transaction.version', maxVersionLevel: level, upgradeType }],
      });
    await cluster.patiently(Promise.all([update(1), update(2)]));
  }

  private async disturb(): Promise<void> {
    const { cluster, random } = this;
    if (cluster.isOnDisk) {
      this.note('the process is about to be killed');
      if (random.below(2) === 0) cluster.kill();
      else cluster.killAfter(random.below(60));
      return;
    }
    const [stopped] = cluster.stoppedBrokers;
    if (stopped !== undefined) {
      this.note(`broker ${stopped} starts`);
      await cluster.startBroker(stopped);
      return;
    }
    const stopping = random.pick(cluster.running);
    this.note(`broker ${stopping} stops`);
    this.seen.stops++;
    await cluster.stopBroker(stopping);
  }

  private async reviveIfDead(): Promise<void> {
    while (this.cluster.isDead) {
      this.seen.kills++;
      this.note('the process was killed, and starts again');
      const isKilledAgain = this.random.below(5) === 0;
      await this.cluster.restart(isKilledAgain ? this.random.below(150) : Infinity);
    }
  }

  /** Everything is mended, nobody begins anything new, and time passes until all timeouts are over. */
  private async comeToRest(): Promise<void> {
    const { cluster } = this;
    this.note('all comes to rest');
    Object.assign(cluster.trouble, { lost: 0, unanswered: 0, late: 0 });
    cluster.killAfter(Infinity);
    for (const id of cluster.stoppedBrokers) await cluster.startBroker(id);
    for (let i = 0; i < 6; i++) await this.pass(10_000);
    await settle();
    this.check();
  }

  private count(): void {
    for (const { outcome, hasOffset } of this.transactions) {
      this.seen[outcome]++;
      if (outcome === 'committed' && hasOffset) this.seen.offsets++;
    }
  }
}
