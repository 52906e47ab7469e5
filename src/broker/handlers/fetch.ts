import type { Caller } from '../../host/caller.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { fetch, type FetchRequest, type FetchResponse } from '../../protocol/messages/fetch.ts';
import type { ReadLimit } from '../../storage/partition-log.ts';
import type { FetchPartition } from '../fetch/fetch-partition.ts';
import {
  noSession,
  partitionKey,
  type FetchContext,
  type FetchSessions,
} from '../fetch/fetch-sessions.ts';
import { isEnough, PendingFetch, type Fetch, type WaitingRoom } from '../fetch/pending-fetch.ts';
import {
  releaseReads,
  type FetchRead,
  type PartitionAnswer,
  type PartitionRead,
  type PartitionReader,
} from '../fetch/read-partitions.ts';
import { defineHandler, later, type RequestContext } from '../handler.ts';
import { LeaderHints } from '../leader-hints.ts';

export interface FetchParts extends WaitingRoom {
  readonly sessions: FetchSessions;
  readonly reader: PartitionReader;
  /** `fetch.max.bytes`, now. */
  maxBytes(): number;
  /** Bytes that responses may still take while slow readers hold others. */
  responseBytesLeft(): number;
}

/** A response and the pooled memory it is written from. */
type SentFetch = FetchResponse & { readonly reads?: readonly PartitionRead[] };

const firstVersionWithTopicIds = 13;
const firstVersionWithEndpoints = 16;
const lastVersionWithoutStorageError = 5;
const readCommitted = 1;
const consumerReplica = -1;

export const fetchHandler = (parts: FetchParts) =>
  defineHandler(fetch, {
    answer(request, context) {
      const byId = context.apiVersion >= firstVersionWithTopicIds;
      const session = parts.sessions.begin(
        request,
        byId,
        wantedPartitions(request, byId, context),
        forgottenKeys(request),
      );
      if (session.kind === 'refused') return sessionError(errorCodes[session.error]);
      return new FetchExchange(parts, request, session, context).run();
    },
    refuse: (errorCode) => sessionError(errorCode),
    sent: (response) => releaseReads((response as SentFetch).reads ?? []),
  });

type OpenFetch = Exclude<FetchContext, { kind: 'refused' }>;

/** One Fetch request. It may wait long, and keeps no more of what was asked than that takes. */
class FetchExchange implements Fetch {
  readonly maxBytes: number;
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly limit: ReadLimit;

  constructor(
    private readonly parts: FetchParts,
    request: FetchRequest,
    private readonly session: OpenFetch,
    private readonly context: RequestContext<FetchResponse>,
  ) {
    this.maxBytes = Math.max(
      0,
      Math.min(request.maxBytes, parts.maxBytes(), parts.responseBytesLeft()),
    );
    this.minBytes = Math.min(request.minBytes, this.maxBytes);
    this.maxWaitMs = request.maxWaitMs;
    this.limit = limitOf(request);
  }

  run(): FetchResponse | typeof later {
    const read = this.read();
    if (!(read instanceof Promise) && isEnough(read, this)) return this.respondOrRelease(read);
    const pending = new PendingFetch(this.parts, this);
    if (read instanceof Promise) pending.decide(read);
    else pending.wait(read);
    this.context.forgetRequest();
    return later;
  }

  get caller(): Caller {
    return this.context.caller;
  }

  read(): FetchRead | Promise<FetchRead> {
    return this.parts.reader.read(this.session.partitions, this, this.caller);
  }

  settle(read: FetchRead): void {
    let response: FetchResponse;
    try {
      response = this.respondOrRelease(read);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.context.settle(response);
  }

  fail(error: unknown): void {
    this.context.fail(error);
  }

  private respondOrRelease(read: FetchRead): SentFetch {
    try {
      return this.respond(read);
    } catch (error) {
      releaseReads(read.reads);
      throw error;
    }
  }

  private respond({ reads }: FetchRead): SentFetch {
    const { session, context, parts } = this;
    switch (session.kind) {
      case 'sessionless':
        return responseOf(noSession, reads, context);
      case 'full': {
        const byId = context.apiVersion >= firstVersionWithTopicIds;
        const created = parts.sessions.create(byId, session.partitions);
        for (const { wanted, answer } of reads) {
          wanted.sentHighWatermark = answer.highWatermark;
          wanted.sentLogStartOffset = answer.logStartOffset;
        }
        return responseOf(created?.id ?? noSession, reads, context);
      }
      case 'incremental': {
        const known = session.session;
        if (known.epoch !== session.epoch) {
          releaseReads(reads);
          return sessionError(errorCodes.INVALID_FETCH_SESSION_EPOCH, known.id);
        }
        const sent: PartitionRead[] = [];
        for (const read of reads) {
          if (known.mustSend(read.wanted, read.answer, read.sizeInBytes > 0)) sent.push(read);
          else read.result?.release();
        }
        return responseOf(known.id, sent, context);
      }
    }
  }
}

/** Consumers see what is committed; a debugging reader (-2) sees everything. */
function limitOf({ replicaId, replicaState, isolationLevel }: FetchRequest): ReadLimit {
  const reader = replicaState.replicaId === consumerReplica ? replicaId : replicaState.replicaId;
  if (reader !== consumerReplica) return 'logEndOffset';
  return isolationLevel === readCommitted ? 'lastStableOffset' : 'highWatermark';
}

function wantedPartitions(
  { topics }: FetchRequest,
  byId: boolean,
  { image }: RequestContext,
): readonly FetchPartition[] {
  const wanted: FetchPartition[] = [];
  for (const { topic, topicId, partitions } of topics) {
    const name = byId ? image.topicsById.get(topicId)?.name : topic;
    for (const asked of partitions) {
      wanted.push({
        topic: name,
        topicId,
        partition: asked.partition,
        fetchOffset: asked.fetchOffset,
        // In this API alone, any negative epoch is none.
        currentLeaderEpoch: Math.max(-1, asked.currentLeaderEpoch),
        lastFetchedEpoch: asked.lastFetchedEpoch,
        maxBytes: asked.partitionMaxBytes,
        sentHighWatermark: -1,
        sentLogStartOffset: -1,
      });
    }
  }
  // A copy, which a parked fetch keeps, has no room for more.
  return mayNameTwice(topics, byId) ? lastOfEach(wanted) : wanted.slice();
}

/** Clients name a partition once; to look for one that is named twice costs as much as all else. */
function mayNameTwice(topics: FetchRequest['topics'], byId: boolean): boolean {
  if (topics.length > 1) {
    const names = new Set<string>();
    for (const { topic, topicId } of topics) names.add(byId ? topicId : topic);
    if (names.size < topics.length) return true;
  }
  for (const { partitions } of topics) if (haveTwice(partitions)) return true;
  return false;
}

function haveTwice(partitions: FetchRequest['topics'][number]['partitions']): boolean {
  let before = -1;
  for (const { partition } of partitions) {
    if (partition <= before) {
      const numbers = new Set<number>();
      for (const one of partitions) numbers.add(one.partition);
      return numbers.size < partitions.length;
    }
    before = partition;
  }
  return false;
}

/** Of a partition that is named twice the last counts. */
function lastOfEach(wanted: readonly FetchPartition[]): readonly FetchPartition[] {
  return [...new Map(wanted.map((one) => [partitionKey(one), one])).values()];
}

function* forgottenKeys({ forgottenTopicsData }: FetchRequest): Generator<string, void, void> {
  for (const { topic, topicId, partitions } of forgottenTopicsData) {
    for (const partition of partitions) yield partitionKey({ topic, topicId, partition });
  }
}

function sessionError(errorCode: number, sessionId = noSession): FetchResponse {
  return { throttleTimeMs: 0, errorCode, sessionId, responses: [] };
}

type TopicAnswer = FetchResponse['responses'][number];
type MutableTopicAnswer = Omit<TopicAnswer, 'partitions'> & { partitions: PartitionAnswer[] };

/** Partitions of a topic that follow each other share its entry. */
function responseOf(
  sessionId: number,
  reads: readonly PartitionRead[],
  context: RequestContext,
): SentFetch {
  const responses: MutableTopicAnswer[] = [];
  let hints: LeaderHints | undefined;
  for (const read of reads) {
    const { topic = '', topicId } = read.wanted;
    let last = responses.at(-1);
    if (last === undefined || last.topicId !== topicId || last.topic !== topic) {
      last = { topic, topicId, partitions: [] };
      responses.push(last);
    }
    if (read.error === undefined) last.partitions.push(read.answer);
    else {
      hints ??= new LeaderHints(context);
      last.partitions.push(errorAnswer(read, context.apiVersion, hints));
    }
  }
  return {
    throttleTimeMs: 0,
    errorCode: errorCodes.NONE,
    sessionId,
    responses,
    nodeEndpoints: hints?.nodeEndpoints,
    reads,
  };
}

function errorAnswer(
  { answer, error, wanted }: PartitionRead,
  version: number,
  hints: LeaderHints,
): PartitionAnswer {
  if (error === 'KAFKA_STORAGE_ERROR' && version <= lastVersionWithoutStorageError) {
    return { ...answer, errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER };
  }
  const isWrongLeader = error === 'NOT_LEADER_OR_FOLLOWER' || error === 'FENCED_LEADER_EPOCH';
  if (!isWrongLeader || version < firstVersionWithEndpoints) return answer;
  return { ...answer, currentLeader: hints.leaderOf(wanted.topic, wanted.partition) };
}
