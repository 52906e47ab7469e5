import assert from 'node:assert';
import { describe, it } from '@jest/globals';
import { SeededRandom } from '../../support/seeded-random.ts';
import { settle } from '../../support/manual-clock.ts';
import type { JoinReply, SyncReply } from '../../../src/coordination/decision.ts';
import type { Watched } from './group-fixture.ts';
import {
  Fixture,
  MemoryGroupLog,
  joinOf,
  refusalOf,
  subscription,
  syncOf,
  watch,
} from './group-fixture.ts';

/** Largest stable group of all runs: chance must not be too unkind to show anything. */
let mostStable = 0;

const partitions = 6;
const runs = Number(process.env['GROUP_RUNS'] ?? 1_000);

/** A member that behaves as a client does, as long as chance lets it live. */
class Client {
  memberId = '';
  generationId = -1;
  phase: 'out' | 'joining' | 'joined' | 'syncing' | 'stable' = 'out';
  owned: number[] = [];
  join: Watched<JoinReply> | undefined;
  sync: Watched<SyncReply> | undefined;

  constructor(
    readonly name: string,
    readonly instanceId: string | null,
  ) {}

  lose(): void {
    this.phase = 'out';
    this.owned = [];
  }
}

class Model {
  readonly random: SeededRandom;
  readonly clients: Client[];
  readonly parked: { what: string; watched: Watched<unknown> }[] = [];
  highestGeneration = 0;
  owners = new Map<string, string>();
  fixture!: Fixture;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.clients = [0, 1, 2, 3].map(
      (index) => new Client(`c${index}`, index < 2 ? null : `i${index}`),
    );
  }

  async start(): Promise<void> {
    const initialRebalanceDelayMs = this.random.pick([0, 0, 500]);
    this.fixture = new Fixture(
      { initialRebalanceDelayMs },
      new MemoryGroupLog(),
      this.random.below(1e9),
    );
    await this.fixture.coordinator.lead(0, this.fixture.log);
  }

  async step(): Promise<void> {
    const client = this.random.pick(this.clients);
    const action = this.random.below(14);
    if (action === 0) await this.fixture.clock.advance(this.random.pick([10, 700, 3_000, 7_000]));
    else if (action === 1) this.forget(client);
    else if (action === 2) await this.leave(client);
    else if (action === 3 && this.random.below(8) === 0) await this.restart();
    else if (action === 4 && this.random.below(4) === 0) {
      this.fixture.log.failure = 'COORDINATOR_NOT_AVAILABLE';
    } else await this.act(client);
    await settle(1);
    for (const each of this.clients) this.learn(each);
    this.check();
  }

  /** What a client does next. */
  private async act(client: Client): Promise<void> {
    switch (client.phase) {
      case 'out': {
        this.enter(client);
        return;
      }
      case 'joined': {
        this.fetchAssignment(client);
        return;
      }
      case 'joining':
      case 'syncing':
        return;
      case 'stable':
        if (this.random.below(10) === 0) {
          this.enter(client);
          return;
        }
        return this.beat(client);
    }
  }

  private enter(client: Client): void {
    const protocols = ['range', 'sticky'].map((name) => ({
      name,
      metadata: subscription(this.random.below(12) === 0 ? 'u' : 't'),
    }));
    client.join = watch(
      this.fixture.coordinator.join(
        joinOf({
          memberId: client.memberId,
          groupInstanceId: client.instanceId,
          protocols,
          sessionTimeoutMs: 6_000,
          rebalanceTimeoutMs: 9_000,
          takesMemberId: this.random.below(4) > 0,
        }),
      ),
    );
    client.phase = 'joining';
    client.owned = [];
    this.parked.push({ what: `join of ${client.name}`, watched: client.join });
  }

  private fetchAssignment(client: Client): void {
    const reply = client.join?.value;
    const isLeader = reply?.leaderId === client.memberId && !reply.skipAssignment;
    const members = reply?.members ?? [];
    const assignments = isLeader
      ? members.map(({ memberId }, index) => ({
          memberId,
          assignment: Buffer.from(
            [...Array(partitions).keys()].filter((each) => each % members.length === index),
          ),
        }))
      : [];
    client.sync = watch(
      this.fixture.coordinator.sync(
        syncOf({
          memberId: client.memberId,
          groupInstanceId: client.instanceId,
          generationId: client.generationId,
          protocolName: reply?.protocolName ?? null,
          assignments,
        }),
      ),
    );
    client.phase = 'syncing';
    this.parked.push({ what: `sync of ${client.name}`, watched: client.sync });
  }

  private async beat(client: Client): Promise<void> {
    const { memberId, generationId, instanceId } = client;
    const answer =
      this.random.below(2) === 0
        ? await this.fixture.heartbeat(memberId, generationId, instanceId)
        : await refusalOf(
            this.fixture.commit({ memberId, generationId, groupInstanceId: instanceId }),
          );
    if (answer === 'NONE' || typeof answer === 'object') return;
    client.lose();
    if (answer === 'UNKNOWN_MEMBER_ID' || answer === 'FENCED_INSTANCE_ID') client.memberId = '';
  }

  /** The process dies: nothing more is heard of it, and it comes back with nothing. */
  private forget(client: Client): void {
    client.lose();
    client.memberId = '';
    client.join = client.sync = undefined;
  }

  private async leave(client: Client): Promise<void> {
    if (client.memberId === '' || client.phase === 'joining') return;
    const { memberId, instanceId: groupInstanceId } = client;
    await this.fixture.coordinator.leave('g', [{ memberId, groupInstanceId }]);
    this.forget(client);
  }

  private async restart(): Promise<void> {
    this.fixture.log.failure = undefined;
    const { settings } = this.fixture;
    const next = new Fixture(settings, this.fixture.log, this.random.below(1e9));
    this.fixture.coordinator.close();
    await settle(1);
    for (const each of this.clients) this.learn(each);
    await next.clock.advance(this.fixture.clock.monotonicMs());
    await next.coordinator.lead(0, next.log);
    this.fixture = next;
    // Rounds that were not written are void: their numbers may be given again.
    this.highestGeneration = 0;
    this.owners = new Map();
    for (const client of this.clients) {
      if (client.phase !== 'stable') client.lose();
      for (const owned of client.owned) this.own(client, owned);
    }
  }

  /** What the answers that came tell the client. */
  private learn(client: Client): void {
    const join = client.phase === 'joining' ? client.join : undefined;
    if (join?.isAnswered) {
      if (join.value?.error === 'NONE') {
        client.memberId = join.value.memberId;
        client.generationId = join.value.generationId;
        client.phase = 'joined';
      } else {
        client.lose();
        const error = join.value?.error;
        if (error === 'MEMBER_ID_REQUIRED') client.memberId = join.value?.memberId ?? '';
        if (error === 'UNKNOWN_MEMBER_ID' || error === 'FENCED_INSTANCE_ID') client.memberId = '';
      }
    }
    const sync = client.phase === 'syncing' ? client.sync : undefined;
    if (!sync?.isAnswered) return;
    if (sync.value?.error !== 'NONE') {
      client.lose();
      if (sync.value?.error !== 'REBALANCE_IN_PROGRESS') client.memberId = '';
      return;
    }
    client.phase = 'stable';
    client.owned = [...sync.value.assignment];
    for (const owned of client.owned) this.own(client, owned);
  }

  /** No two members own the same partition in one generation. */
  private own(client: Client, partition: number): void {
    const key = `${client.generationId}/${partition}`;
    const owner = client.instanceId ?? client.memberId;
    assert.equal(this.owners.get(key) ?? owner, owner);
    this.owners.set(key, owner);
  }

  check(): void {
    const group = this.fixture.coordinator['partitions'].get(0)?.state.groups.get('g');
    if (!group) return;
    assert(group.generationId >= this.highestGeneration, 'the generation went back');
    this.highestGeneration = group.generationId;
    const { state, members } = group;
    assert(state === 'PreparingRebalance' || (state === 'Empty') === (members.size === 0));
    for (const member of members.values()) {
      assert(!member.awaitsJoin || state === 'PreparingRebalance');
      assert(!member.awaitsSync || state === 'CompletingRebalance');
    }
    assert(members.size === 0 || members.has(group.leaderId ?? ''), 'nobody leads');
    for (const memberId of group.pendingSyncs) assert(members.has(memberId));
    if (state === 'Stable') mostStable = Math.max(mostStable, members.size);
  }

  /** Nobody does anything more: whatever is parked is answered, and nobody is left. */
  async finish(): Promise<void> {
    this.fixture.log.failure = undefined;
    await this.fixture.clock.advance(120_000);
    const open = this.parked.filter(({ watched }) => !watched.isAnswered);
    assert.deepEqual(
      open.map(({ what }) => what),
      [],
    );
    const group = this.fixture.coordinator['partitions'].get(0)?.state.groups.get('g');
    assert.equal(group?.members.size ?? 0, 0);
    this.fixture.coordinator.close();
    assert.equal(this.fixture.clock.pendingTimers, 0);
  }
}

describe('several members, by chance', () => {
  it(`${runs} runs: partitions have one owner, generations only grow, nobody is left waiting`, async () => {
    for (let seed = 1; seed <= runs; seed++) {
      const model = new Model(seed);
      try {
        await model.start();
        for (let step = 0; step < 40; step++) await model.step();
        await model.finish();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    assert(mostStable >= 4, `at most ${mostStable} members were stable together`);
  }, 60_000);
});
