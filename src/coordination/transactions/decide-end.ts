import { KafkaError } from '../../protocol/kafka-error.ts';
import type { ProducerIdentity } from './decide-init.ts';
import {
  epochRefused,
  refuseWhileCompleting,
  requireKnown,
  requireProducerId,
} from './decide-partitions.ts';
import type { Circumstances, Decision } from './decision.ts';
import type { Transaction, TransactionVersion } from './transaction.ts';
import { bumped, bumpsEpoch, isEpochExhausted, moveTo, none, noPartitions } from './transaction.ts';

/** An EndTxn request. */
export interface EndTransaction extends ProducerIdentity {
  readonly transactionalId: string;
  readonly isCommit: boolean;
  /** 2 from EndTxn v5 on. */
  readonly clientVersion: TransactionVersion;
}

const lastClientEpoch = 32_766;
/** Transactions without end: those of an outside two-phase commit. */
const noTimeout = 2_147_483_647;

/** Whether `decideEnd` or `decideFence` will want a new producer id. */
export function endNeedsProducerId(
  transaction: Transaction | undefined,
  version: TransactionVersion,
): boolean {
  return (
    transaction !== undefined && bumpsEpoch(version) && isEpochExhausted(transaction.producerEpoch)
  );
}

/**
 * A producer commits or aborts.
 *
 * @returns its id and epoch from now on; (-1, -1) for clients that are not told (before v5)
 * @throws {KafkaError} INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS,
 *   INVALID_TXN_STATE
 */
export function decideEnd(
  known: Transaction | undefined,
  request: EndTransaction,
  circumstances: Circumstances,
): Decision<ProducerIdentity> {
  const transaction = requireKnown(known, request.transactionalId);
  return bumpsEpoch(request.clientVersion)
    ? endWithBump(transaction, request, circumstances)
    : endWithoutBump(transaction, request, circumstances.nowMs);
}

const untold: ProducerIdentity = { producerId: none, producerEpoch: none };

/** Before KIP-890: the epoch stays, so an end that is repeated is known by its outcome alone. */
function endWithoutBump(
  transaction: Transaction,
  { producerId, producerEpoch, isCommit }: EndTransaction,
  nowMs: number,
): Decision<ProducerIdentity> {
  requireProducerId(transaction, producerId);
  if (producerEpoch !== transaction.producerEpoch) throw epochRefused(transaction, producerEpoch);
  refuseWhileCompleting(transaction);
  if (transaction.state === 'Ongoing') {
    const next = moveTo(transaction, isCommit ? 'PrepareCommit' : 'PrepareAbort', {
      lastUpdateTimestampMs: nowMs,
      clientVersion: 0,
    });
    return { next, result: untold };
  }
  if (transaction.state === completeState(isCommit)) return { next: undefined, result: untold };
  throw wrongState(transaction, isCommit);
}

/**
 * With KIP-890 every end raises the epoch, so a repeated one carries the epoch before. What is
 * answered to it, and to one of the present epoch:
 *
 *                    abort, repeated   abort      commit, repeated   commit
 *   Empty            fenced            new epoch  fenced             refused
 *   CompleteAbort    as before         new epoch  refused            refused
 *   CompleteCommit   refused           new epoch  as before          refused
 */
function endWithBump(
  transaction: Transaction,
  request: EndTransaction,
  circumstances: Circumstances,
): Decision<ProducerIdentity> {
  const { producerId, producerEpoch, isCommit } = request;
  refuseWhileCompleting(transaction);
  const { state } = transaction;
  // Only an end that raised the epoch can be repeated with the epoch before. (Kafka does not ask, and
  // takes a zombie of KIP-890 for the owner when an old client has taken over its id.)
  const mayBeRepeated =
    (state === 'CompleteCommit' || state === 'CompleteAbort') &&
    bumpsEpoch(transaction.clientVersion);
  const isRetryAcrossIds =
    mayBeRepeated &&
    producerId === transaction.previousProducerId &&
    producerEpoch === lastClientEpoch &&
    transaction.producerEpoch === 0;
  if (!isRetryAcrossIds) requireProducerId(transaction, producerId);
  const isRetry = isRetryAcrossIds || producerEpoch + 1 === transaction.producerEpoch;
  if (producerEpoch !== transaction.producerEpoch && !(mayBeRepeated && isRetry)) {
    throw epochRefused(transaction, producerEpoch);
  }
  if (mayBeRepeated && isRetry) {
    if (state !== completeState(isCommit)) throw wrongState(transaction, isCommit);
    const { producerId: id, producerEpoch: epoch } = transaction;
    return { next: undefined, result: { producerId: id, producerEpoch: epoch } };
  }
  // A client that is in doubt aborts; there may be nothing to abort.
  if (isCommit && state !== 'Ongoing') throw wrongState(transaction, isCommit);
  const next = endWithNewEpoch(transaction, isCommit, request.clientVersion, circumstances);
  return { next, result: identityOnceComplete(next) };
}

function endWithNewEpoch(
  transaction: Transaction,
  isCommit: boolean,
  clientVersion: TransactionVersion,
  { nowMs, newProducerId }: Circumstances,
): Transaction {
  const { state, producerEpoch, startTimestampMs } = transaction;
  return moveTo(transaction, isCommit ? 'PrepareCommit' : 'PrepareAbort', {
    producerEpoch: bumped(producerEpoch),
    lastProducerEpoch: producerEpoch,
    nextProducerId: isEpochExhausted(producerEpoch) ? (newProducerId ?? none) : none,
    startTimestampMs: state === 'Ongoing' ? startTimestampMs : nowMs,
    lastUpdateTimestampMs: nowMs,
    clientVersion,
  });
}

/**
 * Aborts an open transaction without its producer, whose epoch is left behind: when a new producer
 * takes over the id, and when the transaction took longer than it said.
 */
export function decideFence(transaction: Transaction, circumstances: Circumstances): Transaction {
  const { serverVersion, nowMs } = circumstances;
  if (bumpsEpoch(serverVersion)) {
    return endWithNewEpoch(transaction, false, serverVersion, circumstances);
  }
  return moveTo(transaction, 'PrepareAbort', {
    producerEpoch: bumped(transaction.producerEpoch),
    lastProducerEpoch: none,
    lastUpdateTimestampMs: nowMs,
    clientVersion: 0,
  });
}

/** All markers are written. */
export function decideComplete(transaction: Transaction, nowMs: number): Transaction {
  return moveTo(transaction, completeState(transaction.state === 'PrepareCommit'), {
    ...identityOnceComplete(transaction),
    nextProducerId: none,
    partitions: noPartitions,
    lastUpdateTimestampMs: nowMs,
  });
}

function identityOnceComplete(transaction: Transaction): ProducerIdentity {
  const { nextProducerId, producerId, producerEpoch, clientVersion } = transaction;
  if (bumpsEpoch(clientVersion) && nextProducerId !== none) {
    return { producerId: nextProducerId, producerEpoch: 0 };
  }
  return { producerId, producerEpoch };
}

/** An open transaction that took longer than its producer said it would. */
export function isTimedOut(
  { state, startTimestampMs, timeoutMs }: Transaction,
  nowMs: number,
): boolean {
  return state === 'Ongoing' && timeoutMs !== noTimeout && startTimestampMs + timeoutMs < nowMs;
}

/** A transactional id that nobody has used for so long is forgotten. */
export function isExpired(
  { state, lastUpdateTimestampMs }: Transaction,
  nowMs: number,
  expirationMs: number,
): boolean {
  const isIdle = state === 'Empty' || state === 'CompleteCommit' || state === 'CompleteAbort';
  return isIdle && lastUpdateTimestampMs <= nowMs - expirationMs;
}

function completeState(isCommit: boolean) {
  return isCommit ? 'CompleteCommit' : 'CompleteAbort';
}

function wrongState({ transactionalId, state }: Transaction, isCommit: boolean): KafkaError {
  const words = `${transactionalId} is ${state}: there is nothing to ${isCommit ? 'commit' : 'abort'}`;
  return new KafkaError('INVALID_TXN_STATE', words);
}
