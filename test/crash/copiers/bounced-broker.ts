import { setTimeout as pause } from 'node:timers/promises';
import { isFree } from '../../../scripts/apache-kafka/broker-process.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';
import { KilledBroker } from '../killed-broker.ts';

/** A broker on a folder and a port that stay the same from life to life. */
export class BouncedBroker {
  kills = -1;
  private readonly complaints: string[] = [];
  private current: KilledBroker | undefined;

  constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly random: SeededRandom,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.kills++;
    this.current = KilledBroker.spawn(this.folder, [], this.port);
    await this.current.address();
  }

  async restart(): Promise<void> {
    await this.kill();
    // Now and then it does not live to see its start.
    if (this.random.below(5) === 0) {
      this.kills++;
      this.current = KilledBroker.spawn(this.folder, [], this.port);
      this.current.address().catch(() => undefined);
      await pause(20 + this.random.below(300));
      await this.kill();
    }
    await this.start();
  }

  async kill(): Promise<void> {
    const { current } = this;
    if (current === undefined) return;
    this.current = undefined;
    await current.kill();
    this.complaints.push(...current.complaints);
  }

  /** Stops it as one should. @returns what was wrong with any of its lives */
  async stop(): Promise<string[]> {
    this.current?.stop();
    const how = await this.current?.ended;
    await this.kill();
    const mistakes = this.complaints.map((complaint) => `the broker complained: ${complaint}`);
    if (how !== 'code 0') mistakes.push(`the broker ended with ${how ?? 'nothing'}`);
    return mistakes;
  }
}

/** One as `freePorts` gives them, but chosen by the run's seed. */
export async function freePort(random: SeededRandom): Promise<number> {
  for (;;) {
    const port = 21_000 + random.below(10_000);
    if (await isFree(port)) return port;
  }
}
