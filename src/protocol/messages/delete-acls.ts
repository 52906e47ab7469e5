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

/** DeleteAcls (key 31): access rules that match filters go. */
export const deleteAcls = defineApi({
  key: 31,
  name: 'DeleteAcls',
  versions: [1, 3],
  flexibleSince: 2,
  request: {
    filters: array({
      resourceTypeFilter: int8,
      resourceNameFilter: nullableString,
      patternTypeFilter: withDefault(int8, 3),
      principalFilter: nullableString,
      hostFilter: nullableString,
      operation: int8,
      permissionType: int8,
    }),
  },
  response: {
    throttleTimeMs: int32,
    filterResults: array({
      errorCode: int16,
      errorMessage: nullableString,
      matchingAcls: array({
        errorCode: int16,
        errorMessage: nullableString,
        resourceType: int8,
        resourceName: string,
        patternType: withDefault(int8, 3),
        principal: string,
        host: string,
        operation: int8,
        permissionType: int8,
      }),
    }),
  },
});
export type DeleteAclsRequest = RequestOf<typeof deleteAcls>;
export type DeleteAclsResponse = ResponseInput<typeof deleteAcls>;
