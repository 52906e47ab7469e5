import type { Clock } from '../../host/clock.ts';
import type { Random } from '../../host/random.ts';
import type { FetchPartition } from './fetch-partition.ts';

/** Session id and epoch of a Fetch request. */
export interface SessionClaim {
  readonly sessionId: number;
  readonly sessionEpoch: number;
}

export const noSession = 0;
const initialEpoch = 0;
const finalEpoch = -1;
const maxEpoch = 2_147_483_647;

/** A session may be evicted for another one after this long without use. */
const evictionMs = 120_000;

export type SessionError =
  'FETCH_SESSION_ID_NOT_FOUND' | 'INVALID_FETCH_SESSION_EPOCH' | 'FETCH_SESSION_TOPIC_ID_ERROR';

/** The partition part of a response, as far as a session looks at it. */
export interface SessionAnswer {
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly divergingEpoch?: unknown;
}

/**
 * Partitions a consumer keeps fetching (KIP-227): it sends only what changes, and hears only what
 * is new. Order is the order of service; whoever got records goes to the end.
 */
export class FetchSession {
  epoch: number = initialEpoch + 1;
  lastUsedMs: number;

  constructor(
    readonly id: number,
    readonly usesTopicIds: boolean,
    readonly partitions: Map<string, FetchPartition>,
    readonly createdMs: number,
  ) {
    this.lastUsedMs = createdMs;
  }

  /** What the client changed since its last request. */
  update(changed: Iterable<FetchPartition>, forgotten: Iterable<string>): void {
    for (const wanted of changed) {
      const key = partitionKey(wanted);
      const known = this.partitions.get(key);
      if (known === undefined) {
        this.partitions.set(key, wanted);
        continue;
      }
      known.fetchOffset = wanted.fetchOffset;
      known.maxBytes = wanted.maxBytes;
      known.currentLeaderEpoch = wanted.currentLeaderEpoch;
      known.lastFetchedEpoch = wanted.lastFetchedEpoch;
    }
    for (const key of forgotten) this.partitions.delete(key);
  }

  /** Whether the client must hear `answer`; remembers that it did. */
  mustSend(partition: FetchPartition, answer: SessionAnswer, hasRecords: boolean): boolean {
    const isNews =
      hasRecords ||
      partition.sentHighWatermark !== answer.highWatermark ||
      partition.sentLogStartOffset !== answer.logStartOffset ||
      answer.errorCode !== 0 ||
      answer.divergingEpoch !== undefined;
    if (!isNews) return false;
    // After an error the partition is sent again, whatever it looks like then.
    partition.sentHighWatermark = answer.errorCode === 0 ? answer.highWatermark : -1;
    partition.sentLogStartOffset = answer.logStartOffset;
    if (hasRecords) {
      const key = partitionKey(partition);
      if (this.partitions.delete(key)) this.partitions.set(key, partition);
    }
    return true;
  }
}

/** Names a partition within a session. */
export function partitionKey(partition: {
  readonly topic: string | undefined;
  readonly topicId: string;
  readonly partition: number;
}): string {
  // With ids the name may become known later; without them all ids are zero.
  return `${partition.topicId}:${partition.partition}:${isZero(partition.topicId) ? (partition.topic ?? '') : ''}`;
}

function isZero(topicId: string): boolean {
  return topicId === 'AAAAAAAAAAAAAAAAAAAAAA';
}

/** What a Fetch request is, once its session is looked up. */
export type FetchContext =
  | { readonly kind: 'refused'; readonly error: SessionError }
  /** No session, before or after. */
  | { readonly kind: 'sessionless'; readonly partitions: readonly FetchPartition[] }
  /** A full fetch that wants a session. */
  | { readonly kind: 'full'; readonly partitions: readonly FetchPartition[] }
  | {
      readonly kind: 'incremental';
      readonly session: FetchSession;
      readonly partitions: readonly FetchPartition[];
      /** Epoch the session must still have when the answer is made. */
      readonly epoch: number;
    };

/** The sessions of a broker. */
export class FetchSessions {
  /** In order of last use. */
  private readonly byId = new Map<number, FetchSession>();

  constructor(
    private readonly maxSessions: number,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  get size(): number {
    return this.byId.size;
  }

  /** Finds out what a request is; closes, advances or changes its session. */
  begin(
    claim: SessionClaim,
    usesTopicIds: boolean,
    partitions: readonly FetchPartition[],
    forgotten: Iterable<string>,
  ): FetchContext {
    const { sessionId, sessionEpoch } = claim;
    if (sessionEpoch === initialEpoch || sessionEpoch === finalEpoch) {
      this.byId.delete(sessionId);
      return { kind: sessionEpoch === finalEpoch ? 'sessionless' : 'full', partitions };
    }
    const session = this.byId.get(sessionId);
    if (session === undefined) return { kind: 'refused', error: 'FETCH_SESSION_ID_NOT_FOUND' };
    if (session.epoch !== sessionEpoch) {
      return { kind: 'refused', error: 'INVALID_FETCH_SESSION_EPOCH' };
    }
    if (session.usesTopicIds !== usesTopicIds) {
      return { kind: 'refused', error: 'FETCH_SESSION_TOPIC_ID_ERROR' };
    }
    session.update(partitions, forgotten);
    if (session.partitions.size === 0) {
      this.byId.delete(sessionId);
      return { kind: 'sessionless', partitions };
    }
    session.epoch = nextEpoch(session.epoch);
    this.touch(session);
    const all = [...session.partitions.values()];
    return { kind: 'incremental', session, partitions: all, epoch: session.epoch };
  }

  /** A session with these partitions; undefined when there is no room for it. */
  create(usesTopicIds: boolean, partitions: readonly FetchPartition[]): FetchSession | undefined {
    if (this.byId.size >= this.maxSessions && !this.evictFor(partitions.length)) return undefined;
    const session = new FetchSession(
      this.newId(),
      usesTopicIds,
      new Map(partitions.map((one) => [partitionKey(one), one])),
      this.clock.monotonicMs(),
    );
    this.byId.set(session.id, session);
    return session;
  }

  private touch(session: FetchSession): void {
    session.lastUsedMs = this.clock.monotonicMs();
    this.byId.delete(session.id);
    this.byId.set(session.id, session);
  }

  /** Makes room: a session long unused goes; else a smaller one that is not new. */
  private evictFor(size: number): boolean {
    const nowMs = this.clock.monotonicMs();
    const [stalest] = this.byId.values();
    if (stalest !== undefined && nowMs - stalest.lastUsedMs > evictionMs) {
      return this.byId.delete(stalest.id);
    }
    let smallest: FetchSession | undefined;
    for (const session of this.byId.values()) {
      if (nowMs - session.createdMs <= evictionMs) continue;
      if (session.partitions.size >= (smallest?.partitions.size ?? size)) continue;
      smallest = session;
    }
    return smallest !== undefined && this.byId.delete(smallest.id);
  }

  private newId(): number {
    for (;;) {
      const id = Math.floor(this.random.fraction() * maxEpoch);
      if (id !== noSession && !this.byId.has(id)) return id;
    }
  }
}

function nextEpoch(epoch: number): number {
  return epoch === maxEpoch ? 1 : epoch + 1;
}
