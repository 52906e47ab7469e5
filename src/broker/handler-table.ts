import type { BrokerServices } from './broker-services.ts';
import type { HandlerTable } from './dispatch.ts';
import { WokenFetches } from './fetch/pending-fetch.ts';
import type { Handler } from './handler.ts';
import { addOffsetsToTxnHandler } from './handlers/add-offsets-to-txn.ts';
import { addPartitionsToTxnHandler } from './handlers/add-partitions-to-txn.ts';
import { alterConfigsHandler } from './handlers/alter-configs.ts';
import { apiVersionsHandler } from './handlers/api-versions.ts';
import { createPartitionsHandler } from './handlers/create-partitions.ts';
import { createTopicsHandler } from './handlers/create-topics.ts';
import { deleteGroupsHandler } from './handlers/delete-groups.ts';
import { deleteRecordsHandler } from './handlers/delete-records.ts';
import { deleteTopicsHandler } from './handlers/delete-topics.ts';
import { describeClusterHandler } from './handlers/describe-cluster.ts';
import { describeConfigsHandler } from './handlers/describe-configs.ts';
import { describeGroupsHandler } from './handlers/describe-groups.ts';
import { describeLogDirsHandler } from './handlers/describe-log-dirs.ts';
import { describeProducersHandler } from './handlers/describe-producers.ts';
import { describeQuorumHandler } from './handlers/describe-quorum.ts';
import { describeTopicPartitionsHandler } from './handlers/describe-topic-partitions.ts';
import { describeTransactionsHandler } from './handlers/describe-transactions.ts';
import { electLeadersHandler } from './handlers/elect-leaders.ts';
import { endTxnHandler } from './handlers/end-txn.ts';
import { fetchHandler } from './handlers/fetch.ts';
import { findCoordinatorHandler } from './handlers/find-coordinator.ts';
import { heartbeatHandler } from './handlers/heartbeat.ts';
import { incrementalAlterConfigsHandler } from './handlers/incremental-alter-configs.ts';
import { initProducerIdHandler } from './handlers/init-producer-id.ts';
import { joinGroupHandler } from './handlers/join-group.ts';
import { leaveGroupHandler } from './handlers/leave-group.ts';
import { listConfigResourcesHandler } from './handlers/list-config-resources.ts';
import { listGroupsHandler } from './handlers/list-groups.ts';
import { listOffsetsHandler } from './handlers/list-offsets.ts';
import { listPartitionReassignmentsHandler } from './handlers/list-partition-reassignments.ts';
import { listTransactionsHandler } from './handlers/list-transactions.ts';
import { metadataHandler } from './handlers/metadata.ts';
import { offsetCommitHandler } from './handlers/offset-commit.ts';
import { offsetDeleteHandler } from './handlers/offset-delete.ts';
import { offsetFetchHandler } from './handlers/offset-fetch.ts';
import { offsetForLeaderEpochHandler } from './handlers/offset-for-leader-epoch.ts';
import { produceHandler } from './handlers/produce.ts';
import { syncGroupHandler } from './handlers/sync-group.ts';
import { txnOffsetCommitHandler } from './handlers/txn-offset-commit.ts';
import { updateFeaturesHandler } from './handlers/update-features.ts';
import { writeTxnMarkersHandler } from './handlers/write-txn-markers.ts';

/**
 * What a broker serves: the single truth for dispatch and ApiVersions. Adding an API is a line here.
 */
export function handlerTable(services: BrokerServices): HandlerTable {
  const { catalog, groups, logger, partitions, settings, topicCreation, transactions } = services;
  const { config } = settings;
  const handlers: readonly Handler[] = [
    produceHandler(services),
    fetchHandler({
      ...services,
      woken: new WokenFetches(),
      maxBytes: () => settings.fetchMaxBytes(),
      responseBytesLeft: () => services.responseBytesLeft(),
    }),
    listOffsetsHandler(services),
    metadataHandler(topicCreation, () => settings.autoCreateTopics()),
    offsetCommitHandler(groups),
    offsetFetchHandler(groups),
    findCoordinatorHandler(topicCreation),
    joinGroupHandler(groups),
    heartbeatHandler(groups),
    leaveGroupHandler(groups),
    syncGroupHandler(groups),
    describeGroupsHandler(groups),
    listGroupsHandler(groups),
    apiVersionsHandler(() => handlers.map(({ api }) => api)),
    createTopicsHandler(topicCreation, settings.describeTopicConfigs),
    deleteTopicsHandler(catalog, () => settings.deleteTopics()),
    deleteRecordsHandler(services),
    initProducerIdHandler(services),
    offsetForLeaderEpochHandler(services),
    addPartitionsToTxnHandler(transactions),
    addOffsetsToTxnHandler(services),
    endTxnHandler(transactions),
    writeTxnMarkersHandler(services.peer),
    txnOffsetCommitHandler(services),
    describeConfigsHandler({ config, logger }),
    alterConfigsHandler({ catalog, config }),
    describeLogDirsHandler(services.store),
    createPartitionsHandler(catalog),
    deleteGroupsHandler(groups),
    electLeadersHandler(catalog),
    incrementalAlterConfigsHandler({ catalog, config, logger }),
    listPartitionReassignmentsHandler(),
    offsetDeleteHandler(groups),
    describeQuorumHandler(services.controllerId, services.clock),
    updateFeaturesHandler(catalog, services.controllerId),
    describeClusterHandler(),
    describeProducersHandler(partitions),
    describeTransactionsHandler(transactions),
    listTransactionsHandler(transactions),
    listConfigResourcesHandler(),
    describeTopicPartitionsHandler(() => settings.topicPartitionsPerResponse()),
  ];
  return new Map(handlers.map((handler) => [handler.api.key, handler]));
}
