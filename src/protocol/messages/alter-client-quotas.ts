// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  float64,
  int16,
  int32,
  nullableString,
  string,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** AlterClientQuotas (key 49): quotas of users, clients and addresses are set or removed. */
export const alterClientQuotas = defineApi({
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    entries: array({
      entity: array({
        entityType: string,
        entityName: nullableString,
      }),
      ops: array({
        key: string,
        value: float64,
        remove: bool,
      }),
    }),
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: int32,
    entries: array({
      errorCode: int16,
      errorMessage: nullableString,
      entity: array({
        entityType: string,
        entityName: nullableString,
      }),
    }),
  },
});
export type AlterClientQuotasRequest = RequestOf<typeof alterClientQuotas>;
export type AlterClientQuotasResponse = ResponseInput<typeof alterClientQuotas>;
