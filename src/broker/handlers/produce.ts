import type { Logger } from '../../host/logger.ts';
import { withOneMore } from '../one-more.ts';
import type { ByteRange } from '../../protocol/byte-range.ts';
import { errorCodes, type ErrorCode } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import {
  produce,
  type ProduceRequest,
  type ProduceResponse,
} from '../../protocol/messages/produce.ts';
import { attributesAt, baseSequenceAt, batchHeaderSize } from '../../protocol/record-batch.ts';
import { zeroUuid } from '../../protocol/uuid.ts';
import type { Commit, CommitWaiter } from '../../storage/commit.ts';
import type { AppendOptions, AppendTicket } from '../../storage/partition-log.ts';
import { checkOneBatch, CorruptFrame } from '../../storage/client-batch.ts';
import type { LargeBatches } from '../../storage/large-batches.ts';
import { RecordErrors } from '../../storage/record-errors.ts';
import { TakesLong } from '../../storage/takes-long.ts';
import type { Deadlines, HopefulWaiter } from '../deadlines.ts';
import { CloseConnection, defineHandler, later, type RequestContext } from '../handler.ts';
import { isInternalTopic } from '../catalog/topic-name.ts';
import { LeaderHints, type CurrentLeader } from '../leader-hints.ts';
import type { LedPartition } from '../replica/led-partition.ts';
import type { LedPartitions } from '../replica/led-partitions.ts';
import {
  clientKind,
  isTransactional,
  producerError,
  ToldError,
  transactionalProducer,
  type TransactionalProducer,
} from '../transactions/produce-transaction.ts';
import type { PartitionVerifier, Verified } from '../transactions/verification.ts';

export interface ProduceParts {
  readonly partitions: LedPartitions;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  readonly verifier: PartitionVerifier;
  readonly largeBatches: LargeBatches;
}

type TopicAnswer = ProduceResponse['responses'][number];
type PartitionAnswer = TopicAnswer['partitionResponses'][number];

type SentPartition = ProduceRequest['topicData'][number]['partitionData'][number];

/** A batch that was appended and waits for its commit; its answer is filled in place. */
interface Appended {
  readonly led: LedPartition;
  readonly ticket: AppendTicket;
  readonly answers: PartitionAnswer[];
  readonly index: number;
}

/** A batch that takes long to look at: it is appended later, and its answer filled in place. */
interface Large {
  readonly led: LedPartition;
  readonly batch: ByteRange;
  readonly answers: PartitionAnswer[];
  readonly index: number;
}

type ProduceAnswer = ProduceResponse | undefined | typeof later;

const acksAll = -1;
const acksNone = 0;
const firstVersionWithTopicIds = 13;
const firstVersionWithZstd = 7;
const zstdCodec = 4;
const codecMask = 7;
/** A commit waits for our own disk, not for other brokers: a shorter timeout means nothing to it. */
const leastTimeoutMs = 100;
/** With these Kafka does not say where the log begins, though it is known. */
const withoutLogStart = new Set<string>([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'NOT_LEADER_OR_FOLLOWER',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'CORRUPT_MESSAGE',
  'KAFKA_STORAGE_ERROR',
]);
/** Kafka's admin tools may write to internal topics. */
const adminClientId = '__admin_client';

export const produceHandler = (parts: ProduceParts) =>
  defineHandler(produce, {
    answer: (request, context) => new ProduceExchange(parts, request, context).run(),
    refuse: (errorCode, message, request) => ({
      responses: request.topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index }) => failed(index, errorCode, -1, message)),
      })),
    }),
  });

const nothing: never[] = [];
const nextTurn = (): void => undefined;

/** One Produce request: everything is appended in one go, then awaited together. */
class ProduceExchange implements HopefulWaiter, CommitWaiter {
  deadlineMs = 0;
  place = 0;
  isOver = false;
  private appended: Appended[] = nothing;
  private large: Large[] | undefined;
  /** Commits of logs that are still to come. */
  private outstanding = 0;
  private responses: TopicAnswer[] = nothing;
  private hints: LeaderHints | undefined;
  private failure: string | undefined;
  private verified: Verified | undefined;

  constructor(
    private readonly parts: ProduceParts,
    private readonly request: ProduceRequest,
    private readonly context: RequestContext<ProduceResponse>,
  ) {}

  run(): ProduceAnswer {
    const producer = this.transactionalProducer();
    const { appendTurn } = this.context;
    if (appendTurn !== undefined) {
      const prepared = appendTurn.then(() => this.prepare(this.openings(), producer));
      return this.whenAppended(prepared.then(() => this.append()));
    }
    const openings = this.openings();
    if (openings.length > 0 || producer !== undefined) {
      const prepared = this.prepare(openings, producer);
      return this.whenAppended(prepared.then(() => this.append()));
    }
    const answer = this.append();
    return answer instanceof Promise ? this.whenAppended(answer) : answer;
  }

  /** Requests of a connection append in their order, whatever each of them waits for. */
  private whenAppended(appended: Promise<ProduceAnswer>): typeof later {
    const { context } = this;
    appended.then(
      (response) => {
        if (response !== later) context.settle(response);
      },
      (error: unknown) => context.fail(error),
    );
    const turn = appended.then(nextTurn, nextTurn);
    context.appendTurn = turn;
    void turn.then(() => {
      if (context.appendTurn === turn) context.appendTurn = undefined;
    });
    return later;
  }

  private transactionalProducer(): TransactionalProducer | undefined {
    try {
      return transactionalProducer(this.request);
    } catch (error) {
      if (this.request.acks !== acksNone || !(error instanceof KafkaError)) throw error;
      throw new CloseConnection(`acks=0 and ${error.code}`);
    }
  }

  private async prepare(
    openings: readonly Promise<void>[],
    producer: TransactionalProducer | undefined,
  ): Promise<void> {
    await Promise.all(openings);
    if (producer === undefined) return;
    this.verified = await this.parts.verifier.verifyWithRetry({
      ...producer,
      kind: clientKind(this.context.apiVersion),
      partitions: this.transactionalPartitions(),
    });
  }

  /** Those that are led here; the others are refused when they are appended. */
  private transactionalPartitions(): { led: LedPartition; baseSequence: number }[] {
    const found: { led: LedPartition; baseSequence: number }[] = [];
    for (const { name, topicId, partitionData } of this.request.topicData) {
      const topicName = this.byId ? this.parts.partitions.nameOf(topicId) : name;
      for (const { index, records } of partitionData) {
        if (records === null || !isTransactional(records)) continue;
        const led = this.parts.partitions.find(topicName ?? '', index);
        if (led) found.push({ led, baseSequence: baseSequenceAt(records.buffer, records.start) });
      }
    }
    return found;
  }

  private get byId(): boolean {
    return this.context.apiVersion >= firstVersionWithTopicIds;
  }

  private openings(): readonly Promise<void>[] {
    const { partitions } = this.parts;
    if (!partitions.isOpening) return nothing;
    return this.request.topicData.flatMap(({ name, topicId, partitionData }) =>
      partitionData.flatMap(({ index }) => {
        const opening = this.byId
          ? partitions.openingById(topicId, index)
          : partitions.opening(name, index);
        return opening ?? [];
      }),
    );
  }

  private append(): ProduceAnswer | Promise<ProduceAnswer> {
    const { byId } = this;
    for (const { name, topicId, partitionData } of this.request.topicData) {
      if (partitionData.length === 0) continue;
      const answers = new Array<PartitionAnswer>(partitionData.length);
      this.responses = withOneMore(this.responses, { name, topicId, partitionResponses: answers });
      for (let at = 0; at < answers.length; at++) {
        const { index, records } = partitionData[at] as SentPartition;
        let topicName: string | undefined = byId ? undefined : name;
        let logStartOffset = -1;
        let led: LedPartition | undefined;
        try {
          if (byId && topicId !== zeroUuid) topicName = this.parts.partitions.nameOf(topicId);
          if (byId && topicName === undefined) {
            throw new KafkaError('UNKNOWN_TOPIC_ID', `no topic has id ${topicId}`);
          }
          led = this.parts.partitions.lead(topicName ?? '', index);
          const batch = this.check(led, records);
          logStartOffset = led.log.logStartOffset;
          const ticket = led.append(batch, this.request.acks, this.verificationOf(led, batch));
          answers[at] = succeeded(index, ticket);
          this.appended = withOneMore(this.appended, { led, ticket, answers, index: at });
        } catch (error) {
          if (error instanceof TakesLong && led !== undefined && records !== null) {
            this.large ??= [];
            this.large.push({ led, batch: records, answers, index: at });
            answers[at] = failed(index, errorCodes.NONE, -1); // until it is appended
          } else {
            answers[at] = this.refusal(topicName, index, error, logStartOffset);
          }
        }
      }
    }
    return this.large === undefined ? this.conclude() : this.appendLarge(this.large);
  }

  private async appendLarge(batches: readonly Large[]): Promise<ProduceAnswer> {
    for (const { led, batch, answers, index } of batches) {
      const { topicName, partition, log, settings } = led;
      try {
        const to = { ref: log.ref, settings: settings.log };
        const accepted = await this.parts.largeBatches.accept(batch, to);
        if (this.parts.partitions.lead(topicName, partition) !== led) {
          throw new KafkaError('NOT_LEADER_OR_FOLLOWER', 'another leadership began meanwhile');
        }
        const verification = this.verificationOf(led, accepted);
        const ticket = led.append(accepted, this.request.acks, verification, true);
        answers[index] = succeeded(partition, ticket);
        this.appended = withOneMore(this.appended, { led, ticket, answers, index });
      } catch (error) {
        answers[index] = this.refusal(topicName, partition, error, log.logStartOffset);
      }
    }
    return this.conclude();
  }

  private conclude(): ProduceAnswer {
    return this.appended.length === 0 ? this.finish() : this.commit();
  }

  /**
   * What a request is refused for before the log is asked, in Kafka's order.
   * @throws {KafkaError}
   */
  private check({ topicName }: LedPartition, records: ByteRange | null): ByteRange {
    const { acks } = this.request;
    const { apiVersion, clientId } = this.context;
    if (records === null) throw new KafkaError('INVALID_RECORD', 'no record batch');
    checkOneBatch(records);
    checkAttributes(records, apiVersion);
    if (acks !== acksAll && acks !== 1 && acks !== acksNone) {
      throw new KafkaError('INVALID_REQUIRED_ACKS', `acks ${acks}; it may be -1, 0 or 1`);
    }
    if (isInternalTopic(topicName) && clientId !== adminClientId) {
      throw new KafkaError('INVALID_TOPIC_EXCEPTION', `${topicName} is an internal topic`);
    }
    return records;
  }

  /** @throws {KafkaError} why the batch must not be appended */
  private verificationOf(led: LedPartition, batch: ByteRange): AppendOptions['verification'] {
    if (!isTransactional(batch)) return undefined;
    if (!this.verified?.has(led)) {
      // It was led elsewhere, or by another leadership, when the coordinator was asked.
      const where = `${led.topicName}-${led.partition}`;
      throw new KafkaError('NOT_LEADER_OR_FOLLOWER', `${where} was not verified by this leader`);
    }
    const verification = this.verified.get(led);
    if (!(verification instanceof KafkaError)) return verification;
    throw producerError(verification, this.context.apiVersion);
  }

  /** However many partitions it has, it waits for one commit per log and turn. */
  private commit(): ProduceAnswer {
    let before: Commit | undefined;
    for (const { ticket } of this.appended) {
      const { commit } = ticket;
      if (commit === before || !commit.isPending) continue;
      before = commit;
      this.outstanding++;
      commit.wait(this);
    }
    if (this.outstanding === 0) {
      this.context.releaseRequest(); // a batch that was sent before, and committed
      return this.settle();
    }
    if (this.request.acks === acksAll) {
      const timeoutMs = Math.max(this.request.timeoutMs, leastTimeoutMs);
      this.parts.deadlines.addUnlessOver(this, timeoutMs);
    }
    return later;
  }

  onCommit(): void {
    if (--this.outstanding > 0) return;
    // Written or given up: the logs are done with the batches.
    this.context.releaseRequest();
    if (this.isOver) return;
    this.isOver = true;
    this.parts.deadlines.remove(this);
    let response: ProduceResponse | undefined;
    try {
      response = this.settle();
    } catch (error) {
      this.context.fail(error);
      return;
    }
    this.context.settle(response);
  }

  /** The deadline has passed. */
  expire(): void {
    this.isOver = true;
    this.context.settle(this.timeOut());
  }

  private settle(): ProduceResponse | undefined {
    for (const { led, ticket, answers, index } of this.appended) {
      const { failure } = ticket.commit;
      if (failure !== undefined) {
        answers[index] = this.refusal(led.topicName, led.partition, failure);
      } else if (this.request.acks === acksAll && !led.hasEnoughReplicas()) {
        const words = 'The batch was written, but there are not enough replicas in sync any more.';
        const error = new KafkaError('NOT_ENOUGH_REPLICAS_AFTER_APPEND', words);
        answers[index] = this.refusal(led.topicName, led.partition, error);
      }
    }
    return this.finish();
  }

  /** The data stays and may be committed later; the producer does not know. */
  private timeOut(): ProduceResponse | undefined {
    for (const { led, answers, index } of this.appended) {
      const error = new KafkaError('REQUEST_TIMED_OUT', 'not committed in time');
      answers[index] = this.refusal(led.topicName, led.partition, error);
    }
    return this.finish();
  }

  /**
   * Kafka's answer holds no words but where they say what the code cannot, and where its parser failed; what we know
   * beyond that goes to the log.
   */
  private refusal(
    topicName: string | undefined,
    index: number,
    error: unknown,
    logStartOffset = -1,
  ): PartitionAnswer {
    const where = { topic: topicName, partition: index };
    if (!(error instanceof KafkaError)) {
      this.parts.logger.error('a batch could not be appended', { ...where, error });
      this.failure ??= 'UNKNOWN_SERVER_ERROR';
      return failed(index, errorCodes.UNKNOWN_SERVER_ERROR, logStartOffset);
    }
    const { code, message } = error;
    this.parts.logger.debug('a batch is refused', { ...where, code, message });
    this.failure ??= code;
    const answer = failed(index, errorCodes[code], withoutLogStart.has(code) ? -1 : logStartOffset);
    if (error instanceof RecordErrors) {
      const recordErrors = error.recordErrors.map((record) => ({
        batchIndex: record.batchIndex,
        batchIndexErrorMessage: record.message,
      }));
      return { ...answer, errorMessage: error.errorMessage, recordErrors };
    }
    if (error instanceof CorruptFrame || error instanceof ToldError) {
      return { ...answer, errorMessage: message };
    }
    if (code !== 'NOT_LEADER_OR_FOLLOWER') return answer;
    return { ...answer, currentLeader: this.leaderOf(topicName, index) };
  }

  private leaderOf(topicName: string | undefined, index: number): CurrentLeader {
    this.hints ??= new LeaderHints(this.context);
    return this.hints.leaderOf(topicName, index);
  }

  private finish(): ProduceResponse | undefined {
    if (this.request.acks !== acksNone) {
      return { responses: this.responses, nodeEndpoints: this.hints?.nodeEndpoints };
    }
    // A producer that wants no answer learns of trouble by losing its connection.
    if (this.failure !== undefined) throw new CloseConnection(`acks=0 and ${this.failure}`);
    return undefined;
  }
}

/** @throws {KafkaError} what only this API refuses; the log looks at the batch itself */
function checkAttributes({ buffer, start, end }: ByteRange, apiVersion: number): void {
  if (end - start < batchHeaderSize) return;
  const codec = attributesAt(buffer, start) & codecMask;
  if (codec === zstdCodec && apiVersion < firstVersionWithZstd) {
    const words = `Produce requests with version ${apiVersion} may not use zstd`;
    throw new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', words);
  }
}

function succeeded(index: number, ticket: AppendTicket): PartitionAnswer {
  const { baseOffset, logAppendTimeMs, logStartOffset } = ticket;
  return { index, errorCode: errorCodes.NONE, baseOffset, logAppendTimeMs, logStartOffset };
}

function failed(
  index: number,
  errorCode: ErrorCode,
  logStartOffset: number,
  errorMessage: string | null = null,
): PartitionAnswer {
  return { index, errorCode, baseOffset: -1, logStartOffset, errorMessage };
}
