// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  int16,
  int32,
  int8,
  nullableString,
  since,
  string,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DescribeCluster (key 60): id, controller and brokers of the cluster. */
export const describeCluster = defineApi({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    includeClusterAuthorizedOperations: bool,
    endpointType: since(1, int8, 1),
    includeFencedBrokers: since(2, bool, false),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: withDefault(nullableString, null),
    endpointType: since(1, int8, 1),
    clusterId: string,
    controllerId: withDefault(int32, -1),
    brokers: array({
      brokerId: int32,
      host: string,
      port: int32,
      rack: withDefault(nullableString, null),
      isFenced: since(2, bool, false),
    }),
    clusterAuthorizedOperations: withDefault(int32, -2147483648),
  },
});
export type DescribeClusterRequest = RequestOf<typeof describeCluster>;
export type DescribeClusterResponse = ResponseInput<typeof describeCluster>;
