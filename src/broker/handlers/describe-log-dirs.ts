import { errorCodes } from '../../protocol/error-codes.ts';
import {
  describeLogDirs,
  type DescribeLogDirsRequest,
} from '../../protocol/messages/describe-log-dirs.ts';
import type { LogDirectoryDescription, LogStore } from '../../storage/log-store.ts';
import type { PartitionRef } from '../../storage/partition-log.ts';
import { defineHandler, type RequestContext } from '../handler.ts';

type Wish = DescribeLogDirsRequest['topics'];
type Sized = LogDirectoryDescription['logs'][number];

export const describeLogDirsHandler = (store: LogStore) =>
  defineHandler(describeLogDirs, {
    answer: ({ topics }, context) => ({
      throttleTimeMs: 0,
      errorCode: errorCodes.NONE,
      results: store.describe().map(({ path, totalBytes, usableBytes, logs, isOffline }) => ({
        errorCode: isOffline === true ? errorCodes.KAFKA_STORAGE_ERROR : errorCodes.NONE,
        logDir: path,
        totalBytes,
        usableBytes,
        isCordoned: false,
        topics: byTopic(logs.filter(({ ref }) => isWanted(topics, ref) && isHere(context, ref))),
      })),
    }),
    refuse: (errorCode) => ({ throttleTimeMs: 0, errorCode, results: [] }),
  });

/** `null` wishes for everything. */
function isWanted(wish: Wish, { topicName, partition }: PartitionRef): boolean {
  if (wish === null) return true;
  return wish.some(
    ({ topic, partitions }) => topic === topicName && partitions.includes(partition),
  );
}

/** Brokers that share one store each tell of their own replicas. */
function isHere({ image, nodeId }: RequestContext, { topicId, partition }: PartitionRef): boolean {
  const found = image.topicsById.get(topicId)?.partitions[partition];
  return found?.replicas.includes(nodeId) === true;
}

function byTopic(logs: readonly Sized[]) {
  const topics = new Map<string, Sized[]>();
  for (const log of logs) {
    const { topicName } = log.ref;
    const known = topics.get(topicName);
    if (known === undefined) topics.set(topicName, [log]);
    else known.push(log);
  }
  return [...topics].map(([name, partitions]) => ({
    name,
    partitions: partitions.map(({ ref, sizeInBytes }) => ({
      partitionIndex: ref.partition,
      partitionSize: sizeInBytes,
      offsetLag: 0,
      isFutureKey: false,
    })),
  }));
}
