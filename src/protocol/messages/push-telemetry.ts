// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { bool, bytes, defineApi, int16, int32, int8, uuid } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** PushTelemetry (key 72): a client delivers the metrics it was asked for. */
export const pushTelemetry = defineApi({
  key: 72,
  name: 'PushTelemetry',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    clientInstanceId: uuid,
    subscriptionId: int32,
    terminating: bool,
    compressionType: int8,
    metrics: bytes,
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
  },
});
export type PushTelemetryRequest = RequestOf<typeof pushTelemetry>;
export type PushTelemetryResponse = ResponseInput<typeof pushTelemetry>;
