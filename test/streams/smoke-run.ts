import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import type { TargetName } from '../compat/support/brokers.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { JavaProgram } from '../support/java-program.ts';
import type { Guarantee, Program, SmokeTest } from './smoke-tests.ts';
import { victimBroker, type VictimBroker } from './victim-broker.ts';

export const victims = ['broker', 'application'] as const;
export type Victim = (typeof victims)[number];

const applicationCount = 2;
/**
 * From one kill to the next. Longer than the applications' session timeout: a member that was killed is
 * out of its group before another kill of the broker gives it a new session.
 */
const shortestPeaceMs = 11_000;
const longestPeaceMs = 20_000;
const runningTimeoutMs = 240_000;
/** The drivers themselves give up after six and ten minutes of reading. */
const verdictTimeoutMs = 900_000;

export interface SmokeRunOptions {
  readonly target: TargetName;
  readonly test: SmokeTest;
  readonly guarantee: Guarantee;
  /** Who is killed; nobody when empty. */
  readonly kill: readonly Victim[];
  readonly seed: number;
  /** Jars of Kafka Streams and its tests. */
  readonly libs: string;
  /** For all that is written. */
  readonly folder: string;
  readonly say: (line: string) => void;
}

export interface SmokeRunResult {
  /** What was wrong; nothing when it passed. */
  readonly mistakes: readonly string[];
  readonly kills: Readonly<Record<Victim, number>>;
  readonly seconds: number;
}

/** One run: two applications, the driver, kills while it writes, its verdict, and a clean end of all. */
export async function smokeRun(options: SmokeRunOptions): Promise<SmokeRunResult> {
  const beginMs = performance.now();
  const broker = await victimBroker(options.target, options.folder);
  const run = new SmokeRun(options, broker);
  const mistakes: string[] = [];
  try {
    await broker.start();
    await makeTopics(broker.bootstrapServers, options.test);
    await run.untilVerdict();
    mistakes.push(...(await run.stopApplications()));
  } catch (error) {
    mistakes.push((error as Error).message);
  } finally {
    await run.killAll();
    mistakes.push(...(await broker.stop()));
  }
  const seconds = Math.round((performance.now() - beginMs) / 1_000);
  return { mistakes, kills: run.kills, seconds };
}

class SmokeRun {
  readonly kills = { broker: 0, application: 0 };
  private readonly random: SeededRandom;
  private readonly applications: JavaProgram[] = [];
  /** Those that were killed, too. */
  private readonly everyApplication: JavaProgram[] = [];
  private driver: JavaProgram | undefined;
  private readonly beginMs = performance.now();

  constructor(
    private readonly options: SmokeRunOptions,
    private readonly broker: VictimBroker,
  ) {
    this.random = new SeededRandom(options.seed);
  }

  async untilVerdict(): Promise<void> {
    const { test } = this.options;
    for (let place = 0; place < applicationCount; place++) await this.startApplication(place);
    for (const application of this.applications) {
      await application.untilPrinted(test.running, runningTimeoutMs);
    }
    const driver = await this.program('driver', (at) => test.driver(at));
    this.driver = driver;
    const { by, line } = test.firstRecords;
    const witnesses = by === 'driver' ? [driver] : this.applications;
    await Promise.any(
      witnesses.map(async (witness) => witness.untilPrinted(line, runningTimeoutMs)),
    );
    await this.killUntil(driver.untilPrinted(test.inputWritten, verdictTimeoutMs));
    await driver.untilPrinted(either(test.passed, test.failed), verdictTimeoutMs);
    const [failure] = driver.printed(test.failed);
    if (failure !== undefined) throw new Error(`the verdict: ${failure}`);
    this.say(String(driver.printed(test.passed)[0]));
  }

  /** Stops those that live: they must not have broken down, and must come to their end. */
  async stopApplications(): Promise<string[]> {
    const { brokeDown } = this.options.test;
    const ends = await Promise.all(
      this.applications.map(async (application) => {
        const how = await application.stop(90_000);
        return how === 'SIGKILL' ? [`${application.name} did not stop`] : [];
      }),
    );
    const broken = this.everyApplication.flatMap((application) =>
      application.printed(brokeDown).map((line) => `${application.name}: ${line}`),
    );
    return [...ends.flat(), ...broken];
  }

  async killAll(): Promise<void> {
    const programs = [...this.applications, ...(this.driver === undefined ? [] : [this.driver])];
    await Promise.all(programs.map(async (program) => program.kill()));
  }

  private async killUntil(end: Promise<void>): Promise<void> {
    const { kill } = this.options;
    const over = end.then(() => true);
    over.catch(() => undefined); // awaited below
    while (kill.length > 0) {
      const peaceMs = shortestPeaceMs + this.random.below(longestPeaceMs - shortestPeaceMs);
      const until = pause(peaceMs, false);
      if (await Promise.race([until, over])) break;
      await this.killOne(this.random.pick(kill));
    }
    await over;
  }

  private async killOne(victim: Victim): Promise<void> {
    this.kills[victim]++;
    const silenceMs = this.random.below(3_000);
    if (victim === 'broker') {
      this.say(`kills the broker, starts it after ${silenceMs} ms`);
      await this.broker.kill();
      await pause(silenceMs);
      await this.broker.start();
      return;
    }
    const place = this.random.below(applicationCount);
    const application = this.applications[place]!;
    const keeps = this.random.below(2) === 0;
    this.say(`kills ${application.name}, starts ${keeps ? 'it again' : 'another'} at once`);
    await application.kill();
    await this.startApplication(place, keeps ? application.name : undefined);
  }

  /** @param name  of an earlier one whose state it takes over; a new one when left out */
  private async startApplication(place: number, name?: string): Promise<void> {
    const ours = name ?? `application-${this.everyApplication.length + 1}`;
    const started = await this.program(ours, (at) => this.options.test.application(at, ours));
    this.applications[place] = started;
    this.everyApplication.push(started);
  }

  private async program(
    name: string,
    made: (at: Parameters<SmokeTest['driver']>[0]) => Program,
  ): Promise<JavaProgram> {
    const folder = join(this.options.folder, name);
    await mkdir(folder, { recursive: true });
    const { mainClass, args, properties } = made({
      bootstrapServers: this.broker.bootstrapServers,
      guarantee: this.options.guarantee,
      folder,
    });
    if (properties !== undefined) {
      const lines = Object.entries(properties.values).map(([key, value]) => `${key}=${value}\n`);
      await writeFile(properties.file, lines.join(''));
    }
    return JavaProgram.start({
      ...{ name, folder, mainClass, args },
      classPath: [join(this.options.libs, '*')],
      logging: join(process.cwd(), 'test/streams/log4j2.xml'),
    });
  }

  private say(line: string): void {
    const seconds = ((performance.now() - this.beginMs) / 1_000).toFixed(1);
    this.options.say(`${seconds} s: ${line}`);
  }
}

async function makeTopics(bootstrapServers: string, { topics }: SmokeTest): Promise<void> {
  const admin = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.createTopics({ topics: [...topics] });
  } finally {
    await admin.disconnect();
  }
}

function either(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join('|'));
}
