// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  since,
  string,
  tagged,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ApiVersions (key 18): which APIs, versions and features the broker offers; the first request of a client. */
export const apiVersions = defineApi({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 4],
  flexibleSince: 3,
  request: {
    clientSoftwareName: ignorable(since(3, string, '')),
    clientSoftwareVersion: ignorable(since(3, string, '')),
  },
  response: {
    errorCode: int16,
    apiKeys: array({
      apiKey: int16,
      minVersion: int16,
      maxVersion: int16,
    }),
    throttleTimeMs: ignorable(since(1, int32, 0)),
    supportedFeatures: ignorable(
      tagged(
        0,
        3,
        array({
          name: string,
          minVersion: int16,
          maxVersion: int16,
        }),
        [],
      ),
    ),
    finalizedFeaturesEpoch: ignorable(tagged(1, 3, int64, -1)),
    finalizedFeatures: ignorable(
      tagged(
        2,
        3,
        array({
          name: string,
          maxVersionLevel: int16,
          minVersionLevel: int16,
        }),
        [],
      ),
    ),
    zkMigrationReady: ignorable(tagged(3, 3, bool, false)),
  },
});
export type ApiVersionsRequest = RequestOf<typeof apiVersions>;
export type ApiVersionsResponse = ResponseInput<typeof apiVersions>;
