// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  int8,
  nullableArray,
  nullableString,
  since,
  string,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DescribeConfigs (key 32): effective configuration of topics, brokers and others, with its sources. */
export const describeConfigs = defineApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexibleSince: 4,
  request: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configurationKeys: nullableArray(string),
    }),
    includeSynonyms: withDefault(bool, false),
    includeDocumentation: since(3, bool, false),
  },
  response: {
    throttleTimeMs: int32,
    results: array({
      errorCode: int16,
      errorMessage: nullableString,
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: nullableString,
        readOnly: bool,
        configSource: ignorable(withDefault(int8, -1)),
        isSensitive: bool,
        synonyms: ignorable(
          array({
            name: string,
            value: nullableString,
            source: int8,
          }),
        ),
        configType: ignorable(since(3, int8, 0)),
        documentation: ignorable(since(3, nullableString, '')),
      }),
    }),
  },
});
export type DescribeConfigsRequest = RequestOf<typeof describeConfigs>;
export type DescribeConfigsResponse = ResponseInput<typeof describeConfigs>;
