// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  int16,
  int32,
  int8,
  nullableString,
  string,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DescribeAcls (key 29): access rules that match a filter. */
export const describeAcls = defineApi({
  key: 29,
  name: 'DescribeAcls',
  versions: [1, 3],
  flexibleSince: 2,
  request: {
    resourceTypeFilter: int8,
    resourceNameFilter: nullableString,
    patternTypeFilter: withDefault(int8, 3),
    principalFilter: nullableString,
    hostFilter: nullableString,
    operation: int8,
    permissionType: int8,
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: nullableString,
    resources: array({
      resourceType: int8,
      resourceName: string,
      patternType: withDefault(int8, 3),
      acls: array({
        principal: string,
        host: string,
        operation: int8,
        permissionType: int8,
      }),
    }),
  },
});
export type DescribeAclsRequest = RequestOf<typeof describeAcls>;
export type DescribeAclsResponse = ResponseInput<typeof describeAcls>;
