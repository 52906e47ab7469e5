// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  int8,
  nullableString,
  since,
  string,
  until,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** UpdateFeatures (key 57): finalized feature levels go up or down. */
export const updateFeatures = defineApi({
  key: 57,
  name: 'UpdateFeatures',
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    timeoutMs: withDefault(int32, 60000),
    featureUpdates: array({
      feature: string,
      maxVersionLevel: int16,
      allowDowngrade: until(0, bool, false),
      upgradeType: since(1, int8, 1),
    }),
    validateOnly: since(1, bool, false),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: nullableString,
    results: ignorable(
      until(
        1,
        array({
          feature: string,
          errorCode: int16,
          errorMessage: nullableString,
        }),
        [],
      ),
    ),
  },
});
export type UpdateFeaturesRequest = RequestOf<typeof updateFeatures>;
export type UpdateFeaturesResponse = ResponseInput<typeof updateFeatures>;
