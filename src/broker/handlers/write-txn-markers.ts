import type { PartitionOutcome } from '../../coordination/transactions/peer-client.ts';
import {
  groupedByTopic,
  partitionSet,
  transactionVersionOf,
} from '../../coordination/transactions/transaction.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import {
  writeTxnMarkers,
  type WriteTxnMarkersRequest,
  type WriteTxnMarkersResponse,
} from '../../protocol/messages/write-txn-markers.ts';
import { defineHandler } from '../handler.ts';
import type { Peer } from '../transactions/transaction-peer.ts';

type Marker = WriteTxnMarkersRequest['markers'][number];
type MarkerAnswer = WriteTxnMarkersResponse['markers'][number];

/**
 * WriteTxnMarkers: the outcome of transactions is written into partitions that this broker leads. What
 * coordinators say to each other's brokers, and an operator to a partition in which a transaction hangs.
 */
export const writeTxnMarkersHandler = (peer: Peer) =>
  defineHandler(writeTxnMarkers, {
    async answer({ markers }) {
      return { markers: merged(await Promise.all(markers.map((one) => write(peer, one)))) };
    },
    refuse: (errorCode, _message, { markers }) => ({
      markers: markers.map(({ producerId, topics }) => ({
        producerId,
        topics: topics.map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode })),
        })),
      })),
    }),
  });

async function write(peer: Peer, marker: Marker): Promise<MarkerAnswer> {
  const { producerId, producerEpoch, coordinatorEpoch, transactionResult, topics } = marker;
  const { transactionVersion } = marker;
  const outcomes = await peer.writeMarker(
    {
      producerId,
      producerEpoch,
      coordinatorEpoch,
      isCommit: transactionResult,
      transactionVersion: transactionVersionOf(transactionVersion),
    },
    partitionSet(
      topics.flatMap(({ name, partitionIndexes }) =>
        partitionIndexes.map((partition) => ({ topic: name, partition })),
      ),
    ),
  );
  return { producerId, topics: byTopic(outcomes) };
}

function byTopic(outcomes: readonly PartitionOutcome[]): MarkerAnswer['topics'] {
  return [...groupedByTopic(outcomes)].map(([name, own]) => ({
    name,
    partitions: own.map(({ partition, error }) => ({
      partitionIndex: partition,
      errorCode: errorCodes[error],
    })),
  }));
}

/** One answer for a producer id, however many markers it had. */
function merged(answers: readonly MarkerAnswer[]): MarkerAnswer[] {
  const byProducer = new Map<number, MarkerAnswer>();
  for (const { producerId, topics } of answers) {
    const known = byProducer.get(producerId)?.topics ?? [];
    byProducer.set(producerId, { producerId, topics: [...known, ...topics] });
  }
  return [...byProducer.values()];
}
