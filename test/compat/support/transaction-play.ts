import type { Producer } from 'kafkajs';
import type { TargetBroker } from './brokers.ts';
import { whyNoClient } from './client-packages.ts';
import { kafkaClient } from './kafkajs-client.ts';
import { startDriver } from './start-driver.ts';
import { whyNoTools } from './suite.ts';
import { driven, type DrivenClient, type TransactionDriver } from './transaction-driver.ts';
import { Stage, untilCoordinating } from './transaction-stage.ts';

/** What every client is to bring about; where their own words differ, what each of them says. */
export interface Scenario {
  readonly title: string;
  readonly run: (stage: Stage) => Promise<unknown>;
  readonly expected: unknown;
  readonly but?: Partial<Record<DrivenClient, unknown>>;
}

/** Why a client cannot run on this machine, if so. */
export function whyNotDriven(client: DrivenClient): string | null {
  if (client === 'kafkajs') return null;
  return client === 'java' ? whyNoTools() : whyNoClient(client);
}

/** All clients that can run here, on one broker: they play each scenario at the same time. */
export class Players {
  private readonly played = new Map<Scenario, ReadonlyMap<DrivenClient, Promise<unknown>>>();

  private constructor(
    private readonly broker: TargetBroker,
    private readonly plain: Producer,
    private readonly drivers: ReadonlyMap<DrivenClient, TransactionDriver>,
  ) {}

  static async start(broker: TargetBroker): Promise<Players> {
    const { bootstrapServers } = broker;
    await untilCoordinating(bootstrapServers);
    const plain = kafkaClient({ brokers: [bootstrapServers] }).producer();
    await plain.connect();
    const ready = driven.filter((client) => whyNotDriven(client) === null);
    const drivers = await Promise.all(
      ready.map(async (client) => [client, await startDriver(client, bootstrapServers)] as const),
    );
    return new Players(broker, plain, new Map(drivers));
  }

  /**
   * How a scenario ends for a client; the first who asks has all clients play it.
   *
   * @param interruption  happens once, when all clients have come to the point where the scenario wants it
   */
  async outcomeOf(
    scenario: Scenario,
    client: DrivenClient,
    interruption: () => Promise<void>,
  ): Promise<unknown> {
    const played = this.played.get(scenario) ?? this.play(scenario, interruption);
    this.played.set(scenario, played);
    return played.get(client);
  }

  private play(scenario: Scenario, interruption: () => Promise<void>) {
    const meeting = new Meeting(this.drivers.size, interruption);
    const { bootstrapServers, dataFolders } = this.broker;
    const kafka = kafkaClient({ brokers: [bootstrapServers] });
    const outcomes = [...this.drivers].map(([client, driver]) => {
      const stage = new Stage(client, driver, {
        ...{ bootstrapServers, dataFolders, kafka, plain: this.plain },
        interrupt: async () => meeting.join(client),
      });
      const outcome = scenario.run(stage);
      const over = () => meeting.leave(client);
      outcome.then(over, over); // its own test hears of what went wrong
      return [client, outcome] as const;
    });
    return new Map(outcomes);
  }

  async close(): Promise<void> {
    await this.plain.disconnect();
    await Promise.all([...this.drivers.values()].map(async (driver) => driver.close()));
  }
}

/** Something happens once all have joined; whoever is done before that is not waited for. */
class Meeting {
  private readonly here = new Set<DrivenClient>();
  private isWanted = false;
  private begin!: () => void;
  private readonly over: Promise<void>;

  constructor(
    private readonly size: number,
    work: () => Promise<void>,
  ) {
    const complete = new Promise<void>((resolve) => {
      this.begin = resolve;
    });
    this.over = complete.then(work);
    this.over.catch(() => undefined); // who has joined hears of it
  }

  async join(client: DrivenClient): Promise<void> {
    this.isWanted = true;
    this.leave(client);
    await this.over;
  }

  leave(client: DrivenClient): void {
    this.here.add(client);
    if (this.isWanted && this.here.size === this.size) this.begin();
  }
}
