import { describeGroups } from '../../../src/protocol/messages/describe-groups.ts';
import { findCoordinator } from '../../../src/protocol/messages/find-coordinator.ts';
import { heartbeat } from '../../../src/protocol/messages/heartbeat.ts';
import { joinGroup, type JoinGroupRequest } from '../../../src/protocol/messages/join-group.ts';
import { leaveGroup } from '../../../src/protocol/messages/leave-group.ts';
import { offsetCommit } from '../../../src/protocol/messages/offset-commit.ts';
import { syncGroup, type SyncGroupRequest } from '../../../src/protocol/messages/sync-group.ts';
import type { ResponseOf } from '../../../src/protocol/schema.ts';
import { RawClient } from '../../support/raw-client.ts';
import { until } from './kafkajs-client.ts';
import { bootstrapServers } from './suite.ts';

export type Joined = ResponseOf<typeof joinGroup>;
export type Synced = ResponseOf<typeof syncGroup>;

/** Waits until the target coordinates all groups: a new Apache Kafka makes the topic for it first, and loads its partitions. */
export async function coordinatorIsThere(): Promise<void> {
  const client = await RawClient.connect(bootstrapServers());
  // Some on each of the 50 partitions of __consumer_offsets.
  const groups = Array.from({ length: 400 }, (_, i) => `nobody-${i}`);
  try {
    await until('every group has a coordinator', async () => {
      const { errorCode } = await client.request(findCoordinator, 3, { key: 'g', keyType: 0 });
      const described = await client.request(describeGroups, 5, { groups });
      return errorCode === 0 && described.groups.every((group) => group.errorCode === 0);
    });
  } finally {
    client.close();
  }
}

/** What a consumer of topic `t` tells, in v0 of the consumer protocol. */
export const wants = (topic: string): Buffer =>
  Buffer.concat([
    Buffer.of(0, 0, 0, 0, 0, 1, 0, topic.length),
    Buffer.from(topic),
    Buffer.of(255, 255, 255, 255),
  ]);

/** One member of a group, by hand: each request goes over a connection of its own. */
export class GroupMember {
  memberId = '';
  generationId = -1;
  leaderId = '';
  private readonly clients: RawClient[] = [];

  constructor(
    readonly groupId: string,
    readonly groupInstanceId: string | null = null,
  ) {}

  get isLeader(): boolean {
    return this.memberId !== '' && this.memberId === this.leaderId;
  }

  /** A JoinGroup request as its fields say; what it learns is remembered. */
  async join(more: Partial<JoinGroupRequest> = {}, version = 9): Promise<Joined> {
    const client = await this.connect();
    const joined = await client.request(joinGroup, version, {
      groupId: this.groupId,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 60_000,
      memberId: this.memberId,
      ...(version >= 5 && { groupInstanceId: this.groupInstanceId }),
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: wants('t') }],
      ...more,
    });
    if (joined.errorCode === 0 || joined.errorCode === 79) this.memberId = joined.memberId;
    if (joined.errorCode === 0) {
      this.generationId = joined.generationId;
      this.leaderId = joined.leader;
    }
    return joined;
  }

  /** Joins with an id that it asks for first, as clients have done since v4. */
  async enter(more: Partial<JoinGroupRequest> = {}, version = 9): Promise<Joined> {
    if (this.groupInstanceId === null) await this.join(more, version);
    return this.join(more, version);
  }

  async sync(more: Partial<SyncGroupRequest> = {}, version = 5): Promise<Synced> {
    const client = await this.connect();
    return client.request(syncGroup, version, {
      groupId: this.groupId,
      generationId: this.generationId,
      memberId: this.memberId,
      ...(version >= 3 && { groupInstanceId: this.groupInstanceId }),
      ...(version >= 5 && { protocolType: 'consumer', protocolName: 'range' }),
      assignments: [],
      ...more,
    });
  }

  /** @returns the error code */
  async heartbeat(more: object = {}): Promise<number> {
    const client = await this.connect();
    const { groupId, generationId, memberId, groupInstanceId } = this;
    const request = { groupId, generationId, memberId, groupInstanceId, ...more };
    return (await client.request(heartbeat, 4, request)).errorCode;
  }

  /** Leaves, or makes others leave. @returns the error code of each */
  async leave(
    members: { memberId: string; groupInstanceId?: string | null }[] = [
      { memberId: this.memberId, groupInstanceId: this.groupInstanceId },
    ],
  ): Promise<number[]> {
    const client = await this.connect();
    const { groupId } = this;
    const left = await client.request(leaveGroup, 5, { groupId, members });
    return left.errorCode === 0 ? left.members.map(({ errorCode }) => errorCode) : [left.errorCode];
  }

  /** Commits offset 7 of t-0. @returns the error code */
  async commit(topic: string, more: object = {}, version = 9): Promise<number | undefined> {
    const client = await this.connect();
    const { groupId, memberId } = this;
    const committed = await client.request(offsetCommit, version, {
      groupId,
      generationIdOrMemberEpoch: this.generationId,
      memberId,
      ...(version >= 7 && { groupInstanceId: this.groupInstanceId }),
      topics: [
        {
          name: topic,
          partitions: [{ partitionIndex: 0, committedOffset: 7, committedMetadata: '' }],
        },
      ],
      ...more,
    });
    return committed.topics[0]?.partitions[0]?.errorCode;
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  private async connect(): Promise<RawClient> {
    const client = await RawClient.connect(bootstrapServers(), 'by-hand');
    this.clients.push(client);
    return client;
  }
}

/** A promise one can look at. */
export function watched<T>(promise: Promise<T>): { readonly promise: Promise<T>; answer?: T } {
  const watch: { readonly promise: Promise<T>; answer?: T } = { promise };
  promise.then(
    (answer) => (watch.answer = answer),
    () => undefined, // whoever awaits it hears of it
  );
  return watch;
}
