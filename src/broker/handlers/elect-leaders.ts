import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { electLeaders } from '../../protocol/messages/elect-leaders.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { decideElection } from '../catalog/decide-elections.ts';
import type { RequestedElection } from '../catalog/decide-elections.ts';
import { defineHandler } from '../handler.ts';

/** ElectLeaders (key 43): preferred leaders back, or any leader where there is none. */
export const electLeadersHandler = (catalog: Catalog) =>
  defineHandler(electLeaders, {
    async answer({ electionType, topicPartitions }) {
      const election = requestedElection(electionType);
      const topics = await catalog.transact((image) =>
        decideElection(image, election, topicPartitions),
      );
      return {
        throttleTimeMs: 0,
        replicaElectionResults: topics.map(({ topic, results }) => ({
          topic,
          partitionResult: results.map(({ partition, error, message }) => ({
            partitionId: partition,
            errorCode: errorCodes[error],
            errorMessage: message,
          })),
        })),
      };
    },
    refuse: (errorCode, errorMessage, { topicPartitions }, { apiVersion }) => ({
      throttleTimeMs: 0,
      ...(apiVersion >= 1 && { errorCode }),
      replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((partitionId) => ({
          partitionId,
          errorCode,
          errorMessage,
        })),
      })),
    }),
  });

function requestedElection(type: number): RequestedElection {
  if (type === 0) return 'preferred';
  if (type === 1) return 'unclean';
  throw new KafkaError('INVALID_REQUEST', `Unknown election type ${type}`);
}
