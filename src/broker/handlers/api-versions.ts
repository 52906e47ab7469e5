import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { apiVersions } from '../../protocol/messages/api-versions.ts';
import { produce } from '../../protocol/messages/produce.ts';
import type { AnyApi } from '../../protocol/schema.ts';
import { supportedFeatures } from '../catalog/bootstrap.ts';
import { defineHandler } from '../handler.ts';

const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;
const firstVersionWithSoftware = 3;
const firstVersionWithZeroMinimum = 4;

/** @param apis  what the handler table serves: nothing else is announced */
export const apiVersionsHandler = (apis: () => readonly AnyApi[]) =>
  defineHandler(apiVersions, {
    answer({ clientSoftwareName, clientSoftwareVersion }, { apiVersion, image }) {
      if (apiVersion >= firstVersionWithSoftware) {
        if (!softwareName.test(clientSoftwareName) || !softwareName.test(clientSoftwareVersion)) {
          throw new KafkaError('INVALID_REQUEST', 'the name or version of the client is not valid');
        }
      }
      return {
        errorCode: errorCodes.NONE,
        apiKeys: apis().map(announced),
        supportedFeatures: supportedFeatures
          // Older clients take a minimum of 0 for a broken broker.
          .filter((one) => one.minSupportedVersion > 0 || apiVersion >= firstVersionWithZeroMinimum)
          .map(({ name, minSupportedVersion, maxSupportedVersion }) => ({
            name,
            minVersion: minSupportedVersion,
            maxVersion: maxSupportedVersion,
          })),
        finalizedFeaturesEpoch: image.offset,
        finalizedFeatures: [...image.features]
          .filter(([name, level]) => level > 0 && isServed(name))
          .map(([name, level]) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
      };
    },
    refuse: (errorCode) => ({ errorCode, apiKeys: [] }),
  });

/** Kafka's folders finalize more than is served here; clients are told of what they can use. */
const isServed = (feature: string): boolean =>
  supportedFeatures.some(({ name }) => name === feature);

function announced({ key, versions: [lowest, highest] }: AnyApi) {
  // Produce 0 to 2 are refused, but librdkafka before 2.11 gives up compression when it does not
  // see them (KAFKA-18659).
  const minVersion = key === produce.key ? 0 : lowest;
  return { apiKey: key, minVersion, maxVersion: highest };
}
