// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, bool, defineApi, int16, int32, int8, nullableString, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** IncrementalAlterConfigs (key 44): sets, deletes, appends to or subtracts from single configuration values. */
export const incrementalAlterConfigs = defineApi({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        configOperation: int8,
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
export type IncrementalAlterConfigsRequest = RequestOf<typeof incrementalAlterConfigs>;
export type IncrementalAlterConfigsResponse = ResponseInput<typeof incrementalAlterConfigs>;
