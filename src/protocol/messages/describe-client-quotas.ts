// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  float64,
  int16,
  int32,
  int8,
  nullableArray,
  nullableString,
  string,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DescribeClientQuotas (key 48): quotas of users, clients and addresses that match a filter. */
export const describeClientQuotas = defineApi({
  key: 48,
  name: 'DescribeClientQuotas',
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    components: array({
      entityType: string,
      matchType: int8,
      match: nullableString,
    }),
    strict: bool,
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: nullableString,
    entries: nullableArray({
      entity: array({
        entityType: string,
        entityName: nullableString,
      }),
      values: array({
        key: string,
        value: float64,
      }),
    }),
  },
});
export type DescribeClientQuotasRequest = RequestOf<typeof describeClientQuotas>;
export type DescribeClientQuotasResponse = ResponseInput<typeof describeClientQuotas>;
