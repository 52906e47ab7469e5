import { offsetsTopic, shareStateTopic, transactionsTopic } from './topic-name.ts';

/** How an internal topic is made. */
export interface InternalTopic {
  readonly partitions: number;
  /** As configured; a smaller cluster takes fewer. */
  readonly replicationFactor: number;
  readonly configs: ReadonlyMap<string, string>;
}

/** The value of a broker property that is a number. */
export type NumberOf = (property: string) => number;

/** What the coordinators keep their state in; undefined for any other topic. */
export function internalTopic(name: string, numberOf: NumberOf): InternalTopic | undefined {
  switch (name) {
    case offsetsTopic:
      return {
        partitions: numberOf('offsets.topic.num.partitions'),
        replicationFactor: numberOf('offsets.topic.replication.factor'),
        configs: new Map([
          ['cleanup.policy', 'compact'],
          ['compression.type', 'producer'],
          ['segment.bytes', String(numberOf('offsets.topic.segment.bytes'))],
        ]),
      };
    case transactionsTopic:
      return {
        partitions: numberOf('transaction.state.log.num.partitions'),
        replicationFactor: numberOf('transaction.state.log.replication.factor'),
        configs: new Map([
          ['unclean.leader.election.enable', 'false'],
          ['compression.type', 'uncompressed'],
          ['cleanup.policy', 'compact'],
          ['min.insync.replicas', String(numberOf('transaction.state.log.min.isr'))],
          ['segment.bytes', String(numberOf('transaction.state.log.segment.bytes'))],
        ]),
      };
    case shareStateTopic:
      return {
        partitions: numberOf('share.coordinator.state.topic.num.partitions'),
        replicationFactor: numberOf('share.coordinator.state.topic.replication.factor'),
        configs: new Map([
          ['cleanup.policy', 'delete'],
          ['compression.type', 'producer'],
          ['min.insync.replicas', String(numberOf('share.coordinator.state.topic.min.isr'))],
          ['segment.bytes', String(numberOf('share.coordinator.state.topic.segment.bytes'))],
          ['retention.ms', '-1'],
        ]),
      };
    default:
      return undefined;
  }
}

/** The topic as a cluster of this many live brokers can hold it. */
export function adaptedTo(topic: InternalTopic, liveBrokers: number): InternalTopic {
  const replicationFactor = Math.max(1, Math.min(topic.replicationFactor, liveBrokers));
  const minIsrKey = 'min.insync.replicas';
  const minIsr = topic.configs.get(minIsrKey);
  if (minIsr === undefined || Number(minIsr) <= replicationFactor) {
    return { ...topic, replicationFactor };
  }
  const configs = new Map(topic.configs).set(minIsrKey, String(replicationFactor));
  return { ...topic, replicationFactor, configs };
}
