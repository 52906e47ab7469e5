// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, bool, defineApi, int16, int32, int8, nullableString, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** AlterConfigs (key 33): replaces the whole configuration of a resource; superseded by the incremental one. */
export const alterConfigs = defineApi({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: nullableString,
      }),
    }),
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: int32,
    responses: array({
      errorCode: int16,
      errorMessage: nullableString,
      resourceType: int8,
      resourceName: string,
    }),
  },
});
export type AlterConfigsRequest = RequestOf<typeof alterConfigs>;
export type AlterConfigsResponse = ResponseInput<typeof alterConfigs>;
