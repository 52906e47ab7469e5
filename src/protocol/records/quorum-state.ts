// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  defineMessage,
  int32,
  int64,
  nullableArray,
  since,
  string,
  until,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RecordOf } from '../schema.ts';
import { zeroUuid } from '../uuid.ts';

/** QuorumStateData: what a voter of the metadata log remembers: the file `quorum-state`. */
export const quorumStateData = defineMessage({
  name: 'QuorumStateData',
  versions: [0, 1],
  flexibleSince: 0,
  fields: {
    clusterId: until(0, string, ''),
    leaderId: withDefault(int32, -1),
    leaderEpoch: withDefault(int32, -1),
    votedId: withDefault(int32, -1),
    votedDirectoryId: since(1, uuid, zeroUuid),
    appliedOffset: until(0, int64, 0),
    currentVoters: until(
      0,
      nullableArray({
        voterId: int32,
      }),
      [],
    ),
  },
});
export type QuorumStateData = RecordOf<typeof quorumStateData>;
