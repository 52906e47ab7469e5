// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  between,
  defineApi,
  ignorable,
  int16,
  int32,
  int8,
  nullableString,
  since,
  string,
  until,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** FindCoordinator (key 10): which broker is in charge of a group, a transactional id or a share partition. */
export const findCoordinator = defineApi({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexibleSince: 3,
  request: {
    key: until(3, string, ''),
    keyType: since(1, int8, 0),
    coordinatorKeys: since(4, array(string), []),
  },
  response: {
    throttleTimeMs: ignorable(since(1, int32, 0)),
    errorCode: until(3, int16, 0),
    errorMessage: ignorable(between(1, 3, nullableString, '')),
    nodeId: until(3, int32, 0),
    host: until(3, string, ''),
    port: until(3, int32, 0),
    coordinators: since(
      4,
      array({
        key: string,
        nodeId: int32,
        host: string,
        port: int32,
        errorCode: int16,
        errorMessage: ignorable(nullableString),
      }),
      [],
    ),
  },
});
export type FindCoordinatorRequest = RequestOf<typeof findCoordinator>;
export type FindCoordinatorResponse = ResponseInput<typeof findCoordinator>;
