import { describe, expect, it } from '@jest/globals';
import { deleteGroupsHandler } from '../../../../src/broker/handlers/delete-groups.ts';
import { describeGroupsHandler } from '../../../../src/broker/handlers/describe-groups.ts';
import { findCoordinatorHandler } from '../../../../src/broker/handlers/find-coordinator.ts';
import { initProducerIdHandler } from '../../../../src/broker/handlers/init-producer-id.ts';
import { listGroupsHandler } from '../../../../src/broker/handlers/list-groups.ts';
import { ProducerIds } from '../../../../src/coordination/producer-ids.ts';
import { errorCodes } from '../../../../src/protocol/error-codes.ts';
import { deleteGroups } from '../../../../src/protocol/messages/delete-groups.ts';
import { describeGroups } from '../../../../src/protocol/messages/describe-groups.ts';
import { findCoordinator } from '../../../../src/protocol/messages/find-coordinator.ts';
import { initProducerId } from '../../../../src/protocol/messages/init-producer-id.ts';
import { listGroups } from '../../../../src/protocol/messages/list-groups.ts';
import { Fixture, subscription } from '../../coordination/group-fixture.ts';
import {
  ask,
  contextOf,
  imageOf,
  topicOf,
  unknownId,
  versionsOf,
} from './group-handler-fixture.ts';
import { answerOf } from '../../../support/answer-of.ts';

describe('FindCoordinator', () => {
  const offsets = (leader = 1) => imageOf(topicOf('__consumer_offsets', unknownId, 50, leader));
  const ready = findCoordinatorHandler({ ensureInternalTopic: async () => undefined as never });
  const nobody = { nodeId: -1, host: '', port: -1 };

  const requestOf = (version: number, keyType: number, ...keys: string[]) => ({
    ...(version >= 4 ? { coordinatorKeys: keys } : { key: keys[0] ?? '' }),
    ...(version >= 1 ? { keyType } : {}),
  });

  it.each(versionsOf(findCoordinator))(
    'v%i: the leader of the partition of a group',
    async (version) => {
      const reply = await ask(ready, version, requestOf(version, 0, 'g'), { image: offsets() });
      const found = version >= 4 ? reply.coordinators[0] : reply;
      expect(found).toMatchObject({ errorCode: 0, nodeId: 1, host: 'localhost', port: 9092 });
      if (version >= 4) expect(reply.coordinators[0]?.key).toBe('g');
    },
  );

  it.each([3, 4])('v%i: by the listener that was asked', async (version) => {
    const more = { image: offsets(), listener: 'OTHER' };
    const reply = await ask(ready, version, requestOf(version, 0, 'g'), more);
    expect((version >= 4 ? reply.coordinators[0] : reply)?.port).toBe(9093);
    const none = await ask(ready, version, requestOf(version, 0, 'g'), { ...more, listener: 'X' });
    expect(version >= 4 ? none.coordinators[0] : none).toMatchObject({
      ...nobody,
      errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE,
    });
  });

  it('row 96: a missing __consumer_offsets is made, and the coordinator answered at once', async () => {
    let image = imageOf();
    const handler = findCoordinatorHandler({
      ensureInternalTopic: async () => {
        image = offsets();
        return undefined as never;
      },
    });
    const context = contextOf({ apiVersion: 4 });
    Object.defineProperty(context, 'image', { get: () => image });
    const request = { key: '', keyType: 0, coordinatorKeys: ['g', 'h'] };
    const reply = await answerOf(handler, request, context);
    expect(reply?.coordinators).toMatchObject([
      { key: 'g', nodeId: 1, errorCode: 0 },
      { key: 'h', nodeId: 1, errorCode: 0 },
    ]);
  });

  it.each([0, 3, 4, 6])(
    'v%i: row 96: without a leader it is COORDINATOR_NOT_AVAILABLE',
    async (version) => {
      const reply = await ask(ready, version, requestOf(version, 0, 'g'), { image: offsets(-1) });
      expect(version >= 4 ? reply.coordinators[0] : reply).toMatchObject({
        ...nobody,
        errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE,
      });
    },
  );

  it.each([1, 3, 4, 6])(
    'v%i: the leader of the partition of a transactional id',
    async (version) => {
      const image = imageOf(topicOf('__transaction_state', unknownId, 50, 1));
      const reply = await ask(ready, version, requestOf(version, 1, 'tx'), { image });
      const found = version >= 4 ? reply.coordinators[0] : reply;
      expect(found).toMatchObject({ errorCode: 0, nodeId: 1, host: 'localhost', port: 9092 });
    },
  );

  it('row 96: share keys need v6 and their form', async () => {
    const key = `g:${unknownId}:0`;
    const codeOf = async (version: number, text: string) => {
      const reply = await ask(ready, version, requestOf(version, 2, text));
      return (version >= 4 ? reply.coordinators[0] : reply)?.errorCode;
    };
    expect(await codeOf(3, key)).toBe(errorCodes.INVALID_REQUEST);
    expect(await codeOf(5, key)).toBe(errorCodes.INVALID_REQUEST);
    expect(await codeOf(6, 'g')).toBe(errorCodes.INVALID_REQUEST);
    expect(await codeOf(6, key)).toBe(errorCodes.UNSUPPORTED_VERSION);
  });

  it('an unknown kind of key is INVALID_REQUEST for every key', async () => {
    const reply = await ask(ready, 4, requestOf(4, 9, 'a', 'b'));
    expect(reply.coordinators.map(({ errorCode }) => errorCode)).toEqual([
      errorCodes.INVALID_REQUEST,
      errorCodes.INVALID_REQUEST,
    ]);
  });
});

describe('DescribeGroups', () => {
  it.each(versionsOf(describeGroups))('v%i: row 122', async (version) => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    const handler = describeGroupsHandler(fixture.coordinator);
    const reply = await ask(handler, version, { groups: ['g', 'nobody', ''] });
    expect(reply.groups[0]).toMatchObject({
      errorCode: 0,
      groupId: 'g',
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [
        {
          memberId,
          clientId: 'client',
          clientHost: '/127.0.0.1',
          memberMetadata: subscription('t'),
          memberAssignment: Buffer.from(memberId),
        },
      ],
    });
    for (const group of reply.groups.slice(1)) {
      expect(group).toMatchObject({
        errorCode: version >= 6 ? errorCodes.GROUP_ID_NOT_FOUND : 0,
        errorMessage: version >= 6 ? `Group ${group.groupId} not found.` : null,
        groupState: 'Dead',
        members: [],
      });
    }
  });

  it('tells what may be done with a group when asked', async () => {
    const fixture = await Fixture.started();
    await fixture.commit();
    const handler = describeGroupsHandler(fixture.coordinator);
    const operations = async (includeAuthorizedOperations: boolean) => {
      const reply = await ask(handler, 6, { groups: ['g', 'x'], includeAuthorizedOperations });
      return reply.groups.map(({ authorizedOperations }) => authorizedOperations);
    };
    expect(await operations(true)).toEqual([3_400, -2_147_483_648]);
    expect(await operations(false)).toEqual([-2_147_483_648, -2_147_483_648]);
  });

  it.each(versionsOf(describeGroups))('v%i: not in charge is told per group', async (version) => {
    const handler = describeGroupsHandler(new Fixture().coordinator);
    const reply = await ask(handler, version, { groups: ['g'] });
    expect(reply.groups[0]).toMatchObject({
      errorCode: errorCodes.NOT_COORDINATOR,
      groupId: 'g',
      groupState: '',
    });
  });
});

describe('ListGroups', () => {
  it.each(versionsOf(listGroups))('v%i: row 124', async (version) => {
    const fixture = await Fixture.started();
    await fixture.stable(1);
    await fixture.commit({ groupId: 'simple' });
    const handler = listGroupsHandler(fixture.coordinator);
    const reply = await ask(handler, version, {});
    expect(reply.errorCode).toBe(0);
    expect(reply.groups).toEqual([
      {
        groupId: 'g',
        protocolType: 'consumer',
        groupState: version >= 4 ? 'Stable' : '',
        groupType: version >= 5 ? 'classic' : '',
      },
      {
        groupId: 'simple',
        protocolType: '',
        groupState: version >= 4 ? 'Empty' : '',
        groupType: version >= 5 ? 'classic' : '',
      },
    ]);
    if (version < 4) return;
    const stable = await ask(handler, version, { statesFilter: ['sTable'] });
    expect(stable.groups.map(({ groupId }) => groupId)).toEqual(['g']);
    if (version < 5) return;
    expect((await ask(handler, version, { typesFilter: ['consumer'] })).groups).toEqual([]);
  });

  it('while groups are being read it says so', async () => {
    const fixture = new Fixture();
    let open = (): void => undefined;
    fixture.log.gate = new Promise((resolve) => (open = resolve));
    const loaded = fixture.coordinator.lead(0, fixture.log);
    const reply = await ask(listGroupsHandler(fixture.coordinator), 4, {});
    expect(reply).toMatchObject({ errorCode: errorCodes.COORDINATOR_LOAD_IN_PROGRESS, groups: [] });
    open();
    await loaded;
  });
});

describe('DeleteGroups', () => {
  it.each(versionsOf(deleteGroups))('v%i: row 125: each group has a result', async (version) => {
    const fixture = await Fixture.started();
    await fixture.stable(1);
    await fixture.commit({ groupId: 'simple' });
    const groupsNames = ['g', 'simple', 'nobody', 'simple'];
    const reply = await ask(deleteGroupsHandler(fixture.coordinator), version, { groupsNames });
    expect(reply.results).toEqual([
      { groupId: 'g', errorCode: errorCodes.NON_EMPTY_GROUP },
      { groupId: 'simple', errorCode: 0 },
      { groupId: 'nobody', errorCode: errorCodes.GROUP_ID_NOT_FOUND },
    ]);
  });
});

describe('InitProducerId', () => {
  const handlerOf = () =>
    initProducerIdHandler({
      producerIds: new ProducerIds(async () => ({ firstProducerId: 7_000, count: 1_000 })),
      transactions: undefined as never,
    });
  const request = { transactionalId: null, transactionTimeoutMs: 60_000 };

  it.each(versionsOf(initProducerId))('v%i: row 71: a new id, of epoch 0', async (version) => {
    const handler = handlerOf();
    for (const producerId of [7_000, 7_001]) {
      const reply = await ask(handler, version, request);
      expect(reply).toMatchObject({ errorCode: 0, producerId, producerEpoch: 0 });
    }
  });

  it('row 72: without a transactional id, what the producer had before does not matter', async () => {
    const reply = await ask(handlerOf(), 3, { ...request, producerId: 5, producerEpoch: 3 });
    expect(reply).toMatchObject({ errorCode: 0, producerId: 7_000, producerEpoch: 0 });
  });

  it.each([
    [{ producerId: 5 }, 'INVALID_REQUEST'],
    [{ producerEpoch: 5 }, 'INVALID_REQUEST'],
  ] as const)('%j is %s', async (more, error) => {
    const reply = await ask(handlerOf(), 5, { ...request, ...more });
    expect(reply).toMatchObject({
      errorCode: errorCodes[error],
      producerId: -1,
      producerEpoch: -1,
    });
  });
});
