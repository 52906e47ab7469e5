import { inspect } from 'node:util';
import {
  defaultCleanerSettings,
  type CleanerSettings,
} from '../../../src/storage/cleaner/cleaner-settings.ts';
import { KafkaError } from '../../../src/protocol/kafka-error.ts';
import { startMs } from '../batches.ts';
import { ManualClock, settle } from '../manual-clock.ts';
import { MemoryDisk } from '../memory-disk.ts';
import { SeededRandom } from '../seeded-random.ts';
import {
  checkAtRest,
  checkContents,
  checkEpochs,
  checkMaxTimestamp,
  checkProducers,
  checkTimestamp,
} from './log-checks.ts';
import { isOfSystem, ModelStore, someSettings } from './model-store.ts';
import { Subject, type Ending, type ModelLog } from './subject.ts';

const mildLuck = ['nothing', 'nothing', 'everything'] as const;
const anyLuck = ['nothing', 'everything', 'a prefix', 'some', 'some'] as const;

/**
 * Random work on the logs of a store on a disk that fails, loses power and is killed at any call,
 * beside arrays that hold what the logs must hold. The seed decides everything.
 */
export class LogRun {
  /** What was done so far. */
  readonly steps: string[] = [];
  private readonly random: SeededRandom;
  private readonly subjects: Subject[];
  private readonly mostOpenFiles: number;
  private readonly cleanerSettings: CleanerSettings;
  private clock = new ManualClock(startMs);
  private disk: MemoryDisk;
  private store!: ModelStore;
  /** The cleaner is at work, and nobody waits for it. */
  private cleaning: Promise<void> | undefined;
  private hadTrouble = false;
  private problem: unknown;
  private troubledSteps = 0;
  /** A crash was announced: so many steps at most until it comes. */
  private stepsToCrash = Infinity;
  private nextEnding: Ending = 'kill';

  /** @param isMild  no failing calls, no crash while opening, and a power cut takes what is latest */
  constructor(
    private readonly seed: number,
    private readonly isMild = false,
  ) {
    const random = (this.random = new SeededRandom(seed));
    this.disk = new MemoryDisk(() => this.clock.wallMs(), new SeededRandom(seed + 1_000_003));
    this.mostOpenFiles = random.pick([2, 4, 50]);
    this.cleanerSettings = {
      ...defaultCleanerSettings,
      isEnabled: false, // it works when a step says so
      dedupeBufferSize: random.pick([1_000_000, 24 * 6]),
      ioBufferSize: random.pick([0, 524_288]),
    };
    const count = random.pick([1, 1, 2]);
    this.subjects = Array.from({ length: count }, (_, partition) => {
      const ref = { topicId: 'oiwwT0xKQ2e8YxHM2T0c7A', topicName: 'orders', partition };
      return new Subject(ref, someSettings(random), {
        random,
        wallMs: () => this.clock.wallMs(),
        hadTrouble: () => this.hadTrouble,
        machine: () => this.disk,
        isCleaning: () => this.cleaning !== undefined,
        problem: (error) => {
          this.problem ??= error;
        },
      });
    });
  }

  /** @throws {Error} what went wrong, with all steps */
  async run(steps: number): Promise<void> {
    try {
      await this.open('clean');
      for (let i = 0; i < steps; i++) await this.step();
      this.disk.heal();
      await this.untilOff(() => this.reopenFailed());
      await this.restart('power cut');
      await this.checkAll();
      await this.store.close();
      this.check();
    } catch (error) {
      throw new Error(`seed ${this.seed}: ${this.inWords(error)}`, { cause: error });
    }
  }

  private inWords(error: unknown): string {
    const what = error instanceof Error ? error.message : inspect(error);
    const settings = inspect(
      this.subjects.map((each) => each.settings),
      { breakLength: 150 },
    );
    const tail = this.steps.slice(-60).map((step, i) => `  ${i}. ${step}`);
    return `${what}\n${settings}\nthe last of ${this.steps.length} steps:\n${tail.join('\n')}`;
  }

  private async step(): Promise<void> {
    await this.untilOff(() => this.act());
    if (this.disk.isOff || --this.stepsToCrash < 0) await this.restart(this.nextEnding);
    if (this.troubledSteps > 0 && --this.troubledSteps === 0) this.disk.heal();
    await this.untilOff(() => this.reopenFailed());
    await this.untilOff(() => this.learn());
    if (this.disk.isOff) await this.restart(this.nextEnding);
    this.check();
  }

  /** What the cleaner has done, now that it rests. */
  private async learn(): Promise<void> {
    for (const subject of this.subjects) {
      if (this.cleaning !== undefined || !subject.isUnsettled) continue;
      if (subject.log.failure === undefined) await this.done(subject.learn());
    }
  }

  private check(): void {
    if (this.problem !== undefined) throw this.problem as Error;
    for (const subject of this.subjects) {
      if (subject.log.failure !== undefined) continue;
      subject.takeStart('none');
      checkAtRest(subject.log, subject.expected);
    }
  }

  /** Does something, of which nothing is awaited once the machine is off. */
  private async untilOff(work: () => Promise<void>): Promise<void> {
    try {
      await Promise.race([work(), this.disk.whenOff]);
    } catch (error) {
      if (this.disk.isOff) return;
      // With failing calls a step may be refused; but a raw error of the system is never let out.
      if (this.hadTrouble && error instanceof KafkaError) {
        this.note(`  refused: ${error.code}: ${error.message}`);
        return;
      }
      throw error;
    }
  }

  private async act(): Promise<void> {
    const subject = this.random.pick(this.subjects);
    const choice = this.random.below(this.subjects.some((each) => each.isCompacted) ? 44 : 40);
    if (choice >= 40) await this.clean();
    else if (choice < 16) await this.append(subject);
    else if (choice < 20) await this.read(subject);
    else if (choice < 23) await this.lookUp(subject);
    else if (choice < 25) await this.deleteBefore(subject);
    else if (choice < 26) await this.retain(subject);
    else if (choice < 29) await this.pass();
    else if (choice < 31) await this.flush(subject);
    else if (choice < 32) this.lead(subject);
    else if (choice < 34) await this.close();
    else if (choice < 36) this.crashNow();
    else if (choice < 38) this.crashSoon();
    else this.beginTrouble();
  }

  private note(step: string): void {
    this.steps.push(step);
  }

  /** Waits for work of the log; for ever when the machine goes off meanwhile. */
  private async done<T>(work: Promise<T>): Promise<T> {
    const { disk } = this;
    const dead = new Promise<never>(() => undefined);
    try {
      const result = await work;
      return disk.isOff ? await dead : result;
    } catch (error) {
      if (disk.isOff) return dead;
      throw error;
    }
  }

  private async append(subject: Subject): Promise<void> {
    const { partition } = subject.ref;
    for (let i = this.random.below(5); i >= 0; i--) {
      this.note(`${partition}: append ${await subject.appendSomething()}`);
    }
    // Sometimes the next step comes in the midst.
    if (this.random.below(3) > 0) await this.done(this.untilIdle(subject));
  }

  private async untilIdle({ log, expected }: Subject): Promise<void> {
    for (let i = 0; i < 200; i++) {
      if (log.failure !== undefined || log.highWatermark >= expected.end) break;
      await settle(1);
    }
    await settle(1);
    if (log.failure !== undefined || log.highWatermark >= expected.end) return;
    throw new Error(`the high watermark stays at ${log.highWatermark}, below ${expected.end}`);
  }

  private async clean(): Promise<void> {
    const { store } = this;
    if (this.cleaning !== undefined) return;
    for (const subject of this.subjects) {
      subject.onCleaning(store.cleanedUntil(subject.log) ?? 0);
    }
    const cleaning = store.clean().finally(() => {
      if (this.cleaning === cleaning) this.onCleaned(this.hadTrouble);
    });
    this.cleaning = cleaning;
    cleaning.catch((error: unknown) => (this.problem ??= error));
    const isAwaited = this.random.below(3) > 0;
    this.note(isAwaited ? 'compact' : 'compact, and go on meanwhile');
    if (!isAwaited) return;
    await this.done(this.untilCleaned());
    await this.learn();
    if (this.hadTrouble) return;
    for (const subject of this.subjects) {
      if (subject.isCompacted) subject.checkClean(store.cleanedUntil(subject.log) ?? 0);
    }
  }

  /** Time that passed in the midst of a turn looks like other work, for which the cleaner pauses. */
  private async untilCleaned(): Promise<void> {
    while (this.cleaning !== undefined && !this.disk.isOff) {
      await settle(1);
      await this.clock.advance(1);
    }
  }

  /** @param isAnywhere  nobody knows how far the cleaner came */
  private onCleaned(isAnywhere: boolean): void {
    if (this.cleaning === undefined) return;
    this.cleaning = undefined;
    try {
      for (const subject of this.subjects) {
        subject.onCleaned(isAnywhere ? undefined : (this.store.cleanedUntil(subject.log) ?? 0));
      }
    } catch (error) {
      this.problem ??= error;
    }
  }

  private async read(subject: Subject): Promise<void> {
    const { ref, log, expected } = subject;
    const { random } = this;
    const from = expected.start + random.below(log.highWatermark - expected.start + 1);
    const limit = random.pick(['highWatermark', 'lastStableOffset'] as const);
    const maxBytes = 1 + random.below(3000);
    this.note(`${ref.partition}: read from ${from} up to the ${limit} by ${maxBytes}`);
    const removals = () => subject.removals();
    await this.done(checkContents(log, expected, from, limit, maxBytes, removals));
  }

  private async lookUp(subject: Subject): Promise<void> {
    const { ref, log, expected, epoch } = subject;
    this.note(`${ref.partition}: look up times and epochs`);
    await this.done(this.untilCleaned());
    await this.learn();
    if (subject.isUnsettled) return; // it has failed
    const span = this.clock.wallMs() - startMs + 2000;
    await this.done(checkTimestamp(log, expected, startMs - 1000 + this.random.below(span)));
    await this.done(this.untilIdle(subject));
    // Retention that a timer began may be under way still: a deletion of nothing waits its turn.
    await this.done(log.deleteBefore(log.logStartOffset));
    if (log.failure !== undefined) return;
    subject.takeStart('none');
    await this.done(checkMaxTimestamp(log, expected));
    checkEpochs(log, expected, epoch);
  }

  private async deleteBefore(subject: Subject): Promise<void> {
    const { expected, log } = subject;
    const offset = expected.start + this.random.below((log.highWatermark - expected.start) / 2 + 1);
    this.note(`${subject.ref.partition}: delete before ${offset}`);
    subject.wantedStart = Math.max(subject.wantedStart, offset);
    subject.isStartUnsure = true;
    await this.done(log.deleteBefore(offset));
    subject.isStartUnsure = false;
    subject.takeStart('none');
    if (expected.start < offset) throw new Error(`the log starts at ${expected.start} still`);
  }

  private async retain(subject: Subject): Promise<void> {
    this.note(`${subject.ref.partition}: apply retention`);
    await this.done(subject.log.applyRetention());
    const { expected, settings } = subject;
    if (!settings.cleanupDelete) return;
    if (subject.log.failure !== undefined) return;
    subject.takeStart('none');
    if (this.hadTrouble) return; // what cannot be removed now goes another time
    const bytes = expected.bytesFrom(expected.start);
    if (settings.retentionBytes < 0 || bytes <= settings.retentionBytes + settings.segmentBytes) {
      return;
    }
    throw new Error(`${bytes} bytes are left, with retention.bytes ${settings.retentionBytes}`);
  }

  private async pass(): Promise<void> {
    const ms = this.random.pick([10, 1000, 1000, 30_000, 90_000, 400_000]);
    this.note(`${ms} ms pass`);
    await this.done(this.clock.advance(ms));
  }

  private async flush({ ref, log, expected }: Subject): Promise<void> {
    const end = log.highWatermark;
    this.note(`${ref.partition}: flush up to ${end}`);
    await this.done(log.flush());
    expected.durableEnd = Math.max(expected.durableEnd, end);
  }

  private lead(subject: Subject): void {
    if (subject.log.failure !== undefined) return;
    subject.becomeLeader();
    this.note(`${subject.ref.partition}: lead in epoch ${subject.epoch}`);
  }

  private async close(): Promise<void> {
    this.note('close');
    this.onCleaned(true); // the cleaner stops wherever it is
    await this.done(this.store.close());
    if (this.hadTrouble) await settle(20); // what was under way
    // After trouble it is as good as a kill, at least.
    this.nextEnding = this.hadTrouble ? 'kill' : 'clean';
    this.disk.turnOff();
  }

  private crashNow(): void {
    this.nextEnding = this.random.pick(['kill', 'power cut'] as const);
    this.disk.turnOff();
  }

  /** The machine stops in the midst of a call. */
  private crashSoon(): void {
    if (this.stepsToCrash < Infinity) return;
    this.nextEnding = this.random.pick(['kill', 'power cut'] as const);
    const calls = this.random.below(60);
    this.note(`${this.nextEnding} after ${calls} calls`);
    this.stepsToCrash = 5 + this.random.below(10);
    this.disk.turnOffAfter(calls);
  }

  private beginTrouble(): void {
    if (this.troubledSteps > 0 || this.isMild) return;
    this.troubledSteps = 1 + this.random.below(6);
    this.letCallsFail();
  }

  private letCallsFail(): void {
    const { random } = this;
    const faults = {
      rate: random.pick([0.02, 0.1, 0.5]),
      codes: [random.pick(['ENOSPC', 'EIO', 'EMFILE'])],
      operations: random.pick([
        ['open', 'read', 'write', 'truncate', 'sync', 'rename', 'remove', 'look'],
        ['write'],
        ['sync'],
        ['write', 'truncate'],
        ['open'],
        ['rename', 'remove'],
        ['look'],
      ] as const),
    };
    this.note(`calls fail: ${inspect(faults, { breakLength: Infinity })}`);
    this.hadTrouble = true;
    this.disk.faults = faults;
  }

  private async restart(wanted: Ending): Promise<void> {
    // After a failed fsync the page cache shows what is not on the disk. The process that saw it fail
    // knows; the next one cannot, unless the machine starts anew with it.
    const ending = this.disk.failedSyncs > 0 ? 'power cut' : wanted;
    this.onCleaned(true);
    const luck = this.random.pick(this.isMild ? mildLuck : anyLuck);
    this.note(ending === 'power cut' ? `${ending}, of the rest is left ${luck}` : ending);
    this.disk.turnOff();
    await settle(1);
    this.disk = ending === 'power cut' ? this.disk.afterPowerCut(luck) : this.disk.copy();
    this.stepsToCrash = Infinity;
    await this.openUntilItIs(ending);
  }

  /** Opens, now and then with a crash or failing calls in the midst, until it is done. */
  private async openUntilItIs(ending: Ending): Promise<void> {
    let worst = ending;
    let attempts = !this.isMild && this.random.below(8) === 0 ? 2 : 0;
    for (; attempts > 0; attempts--) {
      const isHard = this.random.below(2) === 0;
      await (isHard ? this.openInTrouble(worst) : this.openUntilCrash(worst));
      if (!this.disk.isOff && this.isOpenOn === this.disk) break; // it was quicker
      // What a failed fsync was to cover is not on the disk: the machine starts anew with it.
      const isPowerCut = this.random.below(2) === 0 || this.disk.failedSyncs > 0;
      this.note(isPowerCut ? 'power cut' : 'kill');
      this.disk.turnOff();
      await settle(1);
      this.disk = isPowerCut ? this.disk.afterPowerCut('some') : this.disk.copy();
      if (isPowerCut) worst = 'power cut';
      else if (worst === 'clean') worst = 'kill';
    }
    this.disk.turnOffAfter(Infinity);
    if (this.isOpenOn !== this.disk) await this.open(worst);
    await this.reopenFailed();
    await this.checkAll();
  }

  private async openUntilCrash(ending: Ending): Promise<void> {
    const calls = this.random.below(60);
    this.note(`opened, with a crash after ${calls} calls`);
    this.disk.turnOffAfter(calls);
    await this.untilOff(() => this.open(ending));
  }

  /** Whoever starts hears of calls that fail, and gives up. */
  private async openInTrouble(ending: Ending): Promise<void> {
    this.letCallsFail();
    try {
      await this.open(ending);
    } catch (error) {
      if (!(error instanceof KafkaError) && !isOfSystem(error, this.disk.faults)) throw error;
      this.note(`  not opened: ${error.message}`);
      this.isOpenOn = undefined;
    }
    this.disk.heal();
  }

  private isOpenOn: MemoryDisk | undefined;

  private async open(ending: Ending): Promise<void> {
    // Timers of the dead are not to run.
    this.clock = new ManualClock(this.clock.wallMs());
    const { clock, disk, mostOpenFiles } = this;
    const random = new SeededRandom(this.random.below(2 ** 31));
    this.hadTrouble = disk.faults !== undefined;
    this.troubledSteps = 0;
    const cleaner = () => this.cleanerSettings;
    this.store = new ModelStore({ clock, random, disk, root: '/data', mostOpenFiles, cleaner });
    const logs: ModelLog[] = [];
    for (const { ref, settings } of this.subjects)
      logs.push((await this.done(this.store.open(ref, settings))) as ModelLog);
    for (const [i, subject] of this.subjects.entries()) {
      await this.done(subject.adopt(logs[i]!, ending));
    }
    this.isOpenOn = disk;
    this.note(
      `opened: ${logs.map((log) => `${log.logStartOffset} to ${log.logEndOffset}`).join(', ')}`,
    );
    await this.learn();
    for (const { log, expected } of this.subjects) checkProducers(log, expected);
    for (const subject of this.subjects) {
      subject.becomeLeader();
      await this.done(subject.restoreStart());
    }
  }

  /** What took a failure is opened again, at a higher epoch. */
  private async reopenFailed(): Promise<void> {
    for (const subject of this.subjects) {
      const { failure } = subject.log;
      if (failure === undefined) continue;
      let log;
      try {
        const opening = this.store.open(subject.ref, subject.settings);
        log = (await this.done(opening)) as ModelLog;
      } catch (error) {
        if (!this.hadTrouble) throw error;
        this.note(`${subject.ref.partition}: not opened again: ${String(error)}`);
        continue;
      }
      await this.done(subject.adopt(log, 'failure'));
      this.note(`${subject.ref.partition}: opened again, up to ${log.logEndOffset}`);
      checkProducers(log, subject.expected);
      subject.becomeLeader();
    }
  }

  private async checkAll(): Promise<void> {
    await this.learn();
    for (const { log, expected, epoch } of this.subjects) {
      await checkContents(log, expected, expected.start);
      await checkContents(log, expected, expected.start, 'lastStableOffset');
      const span = this.clock.wallMs() - startMs + 2000;
      await this.done(checkTimestamp(log, expected, startMs - 1000 + this.random.below(span)));
      await this.done(checkMaxTimestamp(log, expected));
      checkEpochs(log, expected, epoch);
    }
  }
}
