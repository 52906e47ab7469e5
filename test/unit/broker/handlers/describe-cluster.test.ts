import { describe, expect, it, test } from '@jest/globals';
import { decideBrokerStopped } from '../../../../src/broker/catalog/decide-brokers.ts';
import { describeClusterHandler } from '../../../../src/broker/handlers/describe-cluster.ts';
import { errorName } from '../../../../src/protocol/error-codes.ts';
import { describeCluster } from '../../../../src/protocol/messages/describe-cluster.ts';
import type { RequestInput } from '../../../../src/protocol/schema.ts';
import {
  contextOf,
  exchange,
  startedCluster,
  testClusterId,
  versionsOf,
} from '../../../support/test-cluster.ts';

const plain: RequestInput<typeof describeCluster> = { includeClusterAuthorizedOperations: false };

test.each(versionsOf(describeCluster))('v%d tells id, controller and brokers', async (version) => {
  const catalog = await startedCluster(2);
  const response = await exchange(describeClusterHandler(), catalog, version, plain, { nodeId: 2 });
  expect(response).toMatchObject({
    errorCode: 0,
    clusterId: testClusterId,
    controllerId: 2,
    brokers: [
      { brokerId: 1, host: '127.0.0.1', port: 9001, rack: null },
      { brokerId: 2, port: 9002 },
    ],
    clusterAuthorizedOperations: -2147483648,
  });
});

it('tells authorized operations when asked', async () => {
  const request = { includeClusterAuthorizedOperations: true };
  const response = await exchange(describeClusterHandler(), await startedCluster(), 0, request);
  expect(response.clusterAuthorizedOperations).toBe(8096);
});

it('v2 tells fenced brokers when asked', async () => {
  const catalog = await startedCluster(2);
  await catalog.transact((image) => decideBrokerStopped(image, 2));
  const ids = async (includeFencedBrokers: boolean): Promise<unknown[]> => {
    const request = { ...plain, includeFencedBrokers };
    const { brokers } = await exchange(describeClusterHandler(), catalog, 2, request);
    return brokers.map(({ brokerId, isFenced }) => [brokerId, isFenced]);
  };
  expect(await ids(false)).toEqual([[1, false]]);
  expect(await ids(true)).toEqual([
    [1, false],
    [2, true],
  ]);
});

describe('the endpoint type', () => {
  it('controllers are not to be had here', async () => {
    const request = { ...plain, endpointType: 2 };
    const response = await exchange(describeClusterHandler(), await startedCluster(), 1, request);
    expect(errorName(response.errorCode)).toBe('MISMATCHED_ENDPOINT_TYPE');
    expect(response.errorMessage).toBe(
      'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
    );
  });

  it('of an unknown kind is not supported; v0 has no word for that', async () => {
    const catalog = await startedCluster();
    const request = { ...plain, endpointType: 9, includeFencedBrokers: false };
    const codes = [0, 1].map((version) => {
      const response = describeClusterHandler().answer(request, contextOf(catalog, version));
      return errorName((response as { errorCode: number }).errorCode);
    });
    expect(codes).toEqual(['INVALID_REQUEST', 'UNSUPPORTED_ENDPOINT_TYPE']);
  });
});
