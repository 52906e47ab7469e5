// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineApi, ignorable, int16, int32, nullableString, since, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** Heartbeat (key 12): a member says it lives, and learns whether a rebalance is running. */
export const heartbeat = defineApi({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexibleSince: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullableString, null),
  },
  response: {
    throttleTimeMs: ignorable(since(1, int32, 0)),
    errorCode: int16,
  },
});
export type HeartbeatRequest = RequestOf<typeof heartbeat>;
export type HeartbeatResponse = ResponseInput<typeof heartbeat>;
