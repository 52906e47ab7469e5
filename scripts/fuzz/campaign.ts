import { apiVersions } from '../../src/protocol/messages/api-versions.ts';
import { RawClient } from '../../test/support/raw-client.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { makeAttack, type Attack, type Material } from './attacks.ts';
import { setUp, tidyUp } from './housekeeping.ts';
import type { World } from './plausible-message.ts';
import { Probe } from './probe.ts';
import { goldenRequests } from './requests.ts';
import { strike, type Outcome, type Strike } from './strike.ts';

export interface CampaignOptions {
  readonly bootstrapServers: string;
  readonly seed: number;
  readonly boundMs: number;
  /** Connections at a time. */
  readonly attackers: number;
  /** Whether to go on; asked before each attack. */
  readonly goOn: (attacks: number) => boolean;
}

export interface Failure {
  readonly attack: number;
  readonly kind: string;
  readonly why: string;
  readonly writes: readonly Buffer[];
}

/** Topics and groups that attacks have made are cleared away that often. */
const attacksPerWorld = 5_000;
/**
 * Addresses of our own that connections come from: the ports of one would run out. Only Linux has
 * more.
 */
const loopbackAddresses = process.platform === 'linux' ? 200 : 1;

/** Attacks, one after the other by number; what each is follows from the seed and its number. */
export class Campaign {
  readonly outcomes: Record<Outcome, number> = {
    answered: 0,
    closed: 0,
    parked: 0,
    left: 0,
    failed: 0,
  };
  /** How attacks of each kind ended. */
  readonly kinds = new Map<string, Map<Outcome, number>>();
  readonly failures: Failure[] = [];
  private attacks = 0;
  private world: World | undefined;
  private readonly material: Material;

  private constructor(
    private readonly options: CampaignOptions,
    private readonly probe: Probe,
    servedKeys: ReadonlySet<number>,
  ) {
    const golden = goldenRequests();
    const served = golden.filter(({ api }) => servedKeys.has(api.key));
    this.material = { golden, served, servedKeys, world: () => this.world as World };
  }

  static async begin(options: CampaignOptions): Promise<Campaign> {
    const probe = await Probe.start(options.bootstrapServers, options.boundMs);
    const client = await RawClient.connect(options.bootstrapServers);
    const { apiKeys } = await client.request(apiVersions, 0, {});
    client.close();
    return new Campaign(options, probe, new Set(apiKeys.map(({ apiKey }) => apiKey)));
  }

  get count(): number {
    return this.attacks;
  }

  get probeFailure(): string | undefined {
    return this.probe.failure;
  }

  get probeRounds(): number {
    return this.probe.rounds;
  }

  get slowestProbeMs(): number {
    return this.probe.slowestMs;
  }

  /** Attacks until `goOn` has had enough, or `untilMs` (of `performance.now()`) has come. */
  async run(untilMs = Infinity): Promise<void> {
    const isDue = (): boolean => this.options.goOn(this.attacks) && performance.now() < untilMs;
    while (isDue() && this.probe.failure === undefined) {
      this.world = await setUp(this.options.bootstrapServers);
      const end = this.attacks + attacksPerWorld;
      const attacker = async (): Promise<void> => {
        while (this.attacks < end && isDue() && this.probe.failure === undefined) {
          await this.attack(this.attacks++);
        }
      };
      await Promise.all(Array.from({ length: this.options.attackers }, attacker));
    }
    await tidyUp(this.options.bootstrapServers);
  }

  async end(): Promise<void> {
    await this.probe.stop();
  }

  private async attack(number: number): Promise<void> {
    const random = new SeededRandom(Math.imul(this.options.seed, 0x9e3779b1) + number);
    const attack = makeAttack(random, this.material);
    const result = await this.strike(attack, number);
    this.outcomes[result.outcome]++;
    const ofKind = this.kinds.get(attack.kind) ?? new Map<Outcome, number>();
    this.kinds.set(attack.kind, ofKind.set(result.outcome, (ofKind.get(result.outcome) ?? 0) + 1));
    if (result.outcome !== 'failed') return;
    const { kind, writes } = attack;
    this.failures.push({ attack: number, kind, why: result.why ?? '', writes });
  }

  private strike(attack: Attack, number: number): Promise<Strike> {
    const [host = '', port = ''] = this.options.bootstrapServers.split(':');
    return strike(
      {
        host,
        port: Number(port),
        boundMs: this.options.boundMs,
        localAddress: `127.0.0.${1 + (number % loopbackAddresses)}`,
      },
      attack,
    );
  }
}
