import { describe, expect, it } from '@jest/globals';
import { applyRecord, applyRecords } from '../../../../src/broker/catalog/apply-records.ts';
import { emptyImage } from '../../../../src/broker/catalog/image.ts';
import type { MetadataImage } from '../../../../src/broker/catalog/image.ts';
import { recordsOfImage } from '../../../../src/broker/catalog/image-records.ts';
import {
  configChanged,
  featureFinalized,
  partitionChanged,
  partitionState,
  topicCreated,
  topicRemoved,
} from '../../../../src/broker/catalog/metadata-record.ts';
import type { MetadataRecord } from '../../../../src/broker/catalog/metadata-record.ts';
import { registration, testClusterId, uuidSource } from '../../../support/test-cluster.ts';
import { decideRegisterBroker } from '../../../../src/broker/catalog/decide-brokers.ts';

const newUuid = uuidSource();
const [topicId, otherId, directory] = [newUuid(), newUuid(), newUuid()];

const partition = {
  replicas: [1, 2],
  isr: [1, 2],
  addingReplicas: [],
  removingReplicas: [],
  directories: [directory, directory],
  leader: 1,
  leaderEpoch: 0,
  partitionEpoch: 0,
};

const fold = (...records: MetadataRecord[]): MetadataImage =>
  records.reduce(applyRecord, emptyImage(testClusterId));

const twoTopics = [
  topicCreated('a', topicId),
  partitionState(topicId, 0, partition),
  partitionState(topicId, 1, partition),
  topicCreated('b', otherId),
  partitionState(otherId, 0, partition),
];

describe('topics and partitions', () => {
  it('are found by name and by id', () => {
    const image = fold(...twoTopics);
    expect(image.topics.get('a')).toEqual({
      id: topicId,
      name: 'a',
      partitions: [partition, partition],
    });
    expect(image.topicsById.get(topicId)).toBe(image.topics.get('a'));
    expect(image.offset).toBe(4);
  });

  it('share what a record leaves alone, and never change in place', () => {
    const before = fold(...twoTopics);
    const after = applyRecord(before, partitionChanged(topicId, 1, { isr: [1] }));
    expect(after.topics.get('b')).toBe(before.topics.get('b'));
    expect(after.topics.get('a')?.partitions[0]).toBe(before.topics.get('a')?.partitions[0]);
    expect(after.brokers).toBe(before.brokers);
    expect(before.topics.get('a')?.partitions[1]?.isr).toEqual([1, 2]);
    expect(after.topics.get('a')?.partitions[1]?.isr).toEqual([1]);
  });

  it('a change raises the partition epoch, a named leader the leader epoch too', () => {
    const isrOnly = applyRecord(fold(...twoTopics), partitionChanged(topicId, 0, { isr: [2] }));
    expect(isrOnly.topics.get('a')?.partitions[0]).toMatchObject({
      leaderEpoch: 0,
      partitionEpoch: 1,
    });
    const sameLeader = applyRecord(isrOnly, partitionChanged(topicId, 0, { leader: 1 }));
    expect(sameLeader.topics.get('a')?.partitions[0]).toMatchObject({
      leader: 1,
      leaderEpoch: 1,
      partitionEpoch: 2,
    });
  });

  it('a removed topic takes its configuration along', () => {
    const image = fold(
      ...twoTopics,
      configChanged('TOPIC', 'a', 'retention.ms', '1'),
      topicRemoved(topicId),
    );
    expect([...image.topics.keys()]).toEqual(['b']);
    expect(image.topicsById.has(topicId)).toBe(false);
    expect(image.configs.size).toBe(0);
  });

  it('a topic nobody created cannot be changed', () => {
    expect(() => fold(topicRemoved(topicId))).toThrow(/never created/);
    expect(() => fold(topicCreated('a', topicId), partitionChanged(topicId, 0, {}))).toThrow(
      /does not exist/,
    );
  });
});

describe('configuration', () => {
  it('is set, replaced and taken away by resource', () => {
    const image = fold(
      configChanged('TOPIC', 'a', 'retention.ms', '1'),
      configChanged('TOPIC', 'a', 'retention.ms', '2'),
      configChanged('BROKER', '', 'log.retention.ms', '3'),
      configChanged('BROKER', '1', 'x', '4'),
      configChanged('BROKER', '1', 'x', null),
    );
    expect(image.configs).toEqual(
      new Map([
        ['TOPIC:a', new Map([['retention.ms', '2']])],
        ['BROKER:', new Map([['log.retention.ms', '3']])],
      ]),
    );
  });
});

describe('brokers', () => {
  const registered = applyRecords(
    emptyImage(testClusterId),
    decideRegisterBroker(emptyImage(testClusterId), registration(1)).records,
    { offset: 0, epoch: 1 },
  );
  const change = (more: object): MetadataRecord => ({
    type: 'BrokerRegistrationChangeRecord',
    version: 3,
    data: {
      brokerId: 1,
      brokerEpoch: 0,
      fenced: 0,
      inControlledShutdown: 0,
      logDirs: [],
      cordonedLogDirs: null,
      ...more,
    },
  });

  it('are registered fenced, with their epoch', () => {
    expect(registered.brokers.get(1)).toMatchObject({ epoch: 0, fenced: true, rack: null });
  });

  it('are unfenced, fenced and changed', () => {
    const serving = applyRecord(registered, change({ fenced: -1 }));
    expect(serving.brokers.get(1)?.fenced).toBe(false);
    const stopping = applyRecord(
      serving,
      change({ inControlledShutdown: 1, logDirs: [directory] }),
    );
    expect(stopping.brokers.get(1)).toMatchObject({
      fenced: false,
      inControlledShutdown: true,
      directories: [directory],
    });
    const old: MetadataRecord = {
      type: 'FenceBrokerRecord',
      version: 0,
      data: { id: 1, epoch: 0 },
    };
    expect(applyRecord(serving, old).brokers.get(1)?.fenced).toBe(true);
  });

  it('are forgotten when they are unregistered', () => {
    const record: MetadataRecord = {
      type: 'UnregisterBrokerRecord',
      version: 0,
      data: { brokerId: 1, brokerEpoch: 0 },
    };
    expect(applyRecord(registered, record).brokers.size).toBe(0);
  });
});

const acl: MetadataRecord = {
  type: 'AccessControlEntryRecord',
  version: 0,
  data: {
    id: newUuid(),
    resourceType: 2,
    resourceName: 'a',
    patternType: 3,
    principal: 'User:x',
    host: '*',
    operation: 3,
    permissionType: 3,
  },
};
const quota = (remove: boolean): MetadataRecord => ({
  type: 'ClientQuotaRecord',
  version: 0,
  data: { entity: [{ entityType: 'user', entityName: null }], key: 'k', value: 1.5, remove },
});

describe('what has no field of its own', () => {
  it('is kept until it is removed', () => {
    const kept = fold(acl, quota(false));
    expect([...kept.kept.values()]).toEqual([acl, quota(false)]);
    const removed: MetadataRecord = {
      type: 'RemoveAccessControlEntryRecord',
      version: 0,
      data: { id: acl.data.id },
    };
    expect(applyRecords(kept, [removed, quota(true)], kept).kept.size).toBe(0);
  });

  it('does not disturb when it says nothing', () => {
    const image = fold(...twoTopics);
    const after = applyRecord(image, { type: 'NoOpRecord', version: 0, data: {} });
    expect(after).toEqual({ ...image, offset: image.offset + 1 });
  });
});

it('the records of an image make the same image again', () => {
  const image = fold(
    featureFinalized('transaction.version', 2),
    featureFinalized('metadata.version', 30),
    ...decideRegisterBroker(emptyImage(testClusterId), registration(1, { rack: 'r' })).records,
    ...twoTopics,
    partitionChanged(topicId, 0, { leader: -1, isr: [2], leaderRecoveryState: 1 }),
    partitionChanged(topicId, 1, { isr: [], eligibleLeaderReplicas: [1], lastKnownElr: [2] }),
    configChanged('TOPIC', 'a', 'retention.ms', '1'),
    acl,
    quota(false),
    {
      type: 'ProducerIdsRecord',
      version: 0,
      data: { brokerId: 1, brokerEpoch: 0, nextProducerId: 3000 },
    },
  );
  const records = [...recordsOfImage(image)];
  expect(records[0]).toEqual(featureFinalized('metadata.version', 30));
  expect(applyRecords(emptyImage(testClusterId), records, image)).toEqual(image);
});

/** How many elements of lists and entries of maps are gone through while `work` runs: all that are copied are. */
function goneThrough(work: () => void): { elements: number; entries: number } {
  const [lists, maps] = [Array.prototype, Map.prototype];
  const [ofLists, ofMaps] = [lists[Symbol.iterator], maps[Symbol.iterator]];
  const counts = { elements: 0, entries: 0 };
  lists[Symbol.iterator] = function (this: unknown[]) {
    counts.elements += this.length;
    return ofLists.call(this);
  };
  maps[Symbol.iterator] = function (this: Map<unknown, unknown>) {
    counts.entries += this.size;
    return ofMaps.call(this);
  };
  try {
    work();
  } finally {
    lists[Symbol.iterator] = ofLists;
    maps[Symbol.iterator] = ofMaps;
  }
  return counts;
}

it('a batch copies what it writes to once, however many records it has, and nothing else', () => {
  const made = Array.from({ length: 500 }, (_, index) => partitionState(topicId, index, partition));
  const before = fold(topicCreated('large', topicId), ...made, topicCreated('b', otherId));
  const position = { offset: before.offset + 1000, epoch: 1 };
  let after = before;
  const changes = made.map((_, index) => partitionChanged(topicId, index, { isr: [2] }));
  const changing = goneThrough(() => {
    after = applyRecords(before, changes, position);
  });
  expect(after.topics.get('large')?.partitions.every(({ isr }) => isr[0] === 2)).toBe(true);
  // The records and the partitions; topics by name and by id.
  expect(changing).toEqual({ elements: 500 + 500, entries: 2 + 2 });
  const topics = Array.from({ length: 500 }, (_, n) => topicCreated(`t${n}`, newUuid()));
  const creating = goneThrough(() => {
    after = applyRecords(before, topics, position);
  });
  expect(after.topics.size).toBe(502);
  expect(creating).toEqual({ elements: 500, entries: 2 + 2 });
});
