// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineApi, ignorable, int16, int32, int8, since, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ListConfigResources (key 74): names of all resources of given types that can be configured. */
export const listConfigResources = defineApi({
  key: 74,
  name: 'ListConfigResources',
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    resourceTypes: since(1, array(int8), []),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    configResources: array({
      resourceName: string,
      resourceType: ignorable(since(1, int8, 16)),
    }),
  },
});
export type ListConfigResourcesRequest = RequestOf<typeof listConfigResources>;
export type ListConfigResourcesResponse = ResponseInput<typeof listConfigResources>;
