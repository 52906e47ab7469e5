import type { Uuid } from '../../protocol/uuid.ts';

/** What a Fetch request asks of one partition; in a session it outlives the request. */
export interface FetchPartition {
  /** `undefined` while nobody knows the id (v13+). */
  topic: string | undefined;
  /** `zeroUuid` below v13. */
  readonly topicId: Uuid;
  readonly partition: number;
  fetchOffset: number;
  /** -1: not checked. */
  currentLeaderEpoch: number;
  /** -1: not checked. */
  lastFetchedEpoch: number;
  maxBytes: number;
  /** What the session's client was told last. */
  sentHighWatermark: number;
  sentLogStartOffset: number;
}
