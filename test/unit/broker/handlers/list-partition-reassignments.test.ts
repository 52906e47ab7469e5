import { expect, it } from '@jest/globals';
import type { MemoryCatalog } from '../../../../src/broker/catalog/memory-catalog.ts';
import { partitionChanged } from '../../../../src/broker/catalog/metadata-record.ts';
import { listPartitionReassignmentsHandler } from '../../../../src/broker/handlers/list-partition-reassignments.ts';
import type { listPartitionReassignments } from '../../../../src/protocol/messages/list-partition-reassignments.ts';
import type { RequestInput, ResponseOf } from '../../../../src/protocol/schema.ts';
import { createTopic, exchange, startedCluster } from '../../../support/test-cluster.ts';

const ask = (
  catalog: MemoryCatalog,
  request: RequestInput<typeof listPartitionReassignments> = {},
): Promise<ResponseOf<typeof listPartitionReassignments>> =>
  exchange(listPartitionReassignmentsHandler(), catalog, 0, request);

async function reassigning(): Promise<MemoryCatalog> {
  const catalog = await startedCluster(2);
  await createTopic(catalog, 'a', { numPartitions: 2 });
  await createTopic(catalog, 'b');
  const { id } = catalog.image.topics.get('a')!;
  const change = partitionChanged(id, 1, {
    replicas: [1, 2],
    addingReplicas: [1],
    removingReplicas: [2],
  });
  await catalog.transact(() => ({ records: [change], result: undefined }));
  return catalog;
}

const running = {
  name: 'a',
  partitions: [{ partitionIndex: 1, replicas: [1, 2], addingReplicas: [1], removingReplicas: [2] }],
};

it('tells nothing when nothing moves', async () => {
  const catalog = await startedCluster();
  await createTopic(catalog, 'a');
  expect(await ask(catalog)).toMatchObject({ errorCode: 0, errorMessage: null, topics: [] });
});

it('tells what moves, of all topics or of those asked for', async () => {
  const catalog = await reassigning();
  expect((await ask(catalog)).topics).toEqual([running]);
  const asked = [
    { name: 'a', partitionIndexes: [1, 9] },
    { name: 'none', partitionIndexes: [0] },
  ];
  expect((await ask(catalog, { topics: asked })).topics).toEqual([running]);
  const other = [{ name: 'a', partitionIndexes: [0] }];
  expect((await ask(catalog, { topics: other })).topics).toEqual([]);
});
