// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, bool, defineApi, int16, int32, int8, string, uuid } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** GetTelemetrySubscriptions (key 71): which metrics the broker wants from a client, and how often. */
export const getTelemetrySubscriptions = defineApi({
  key: 71,
  name: 'GetTelemetrySubscriptions',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    clientInstanceId: uuid,
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    clientInstanceId: uuid,
    subscriptionId: int32,
    acceptedCompressionTypes: array(int8),
    pushIntervalMs: int32,
    telemetryMaxBytes: int32,
    deltaTemporality: bool,
    requestedMetrics: array(string),
  },
});
export type GetTelemetrySubscriptionsRequest = RequestOf<typeof getTelemetrySubscriptions>;
export type GetTelemetrySubscriptionsResponse = ResponseInput<typeof getTelemetrySubscriptions>;
