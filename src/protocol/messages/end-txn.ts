// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { bool, defineApi, ignorable, int16, int32, int64, since, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** EndTxn (key 26): a producer commits or aborts its transaction. */
export const endTxn = defineApi({
  key: 26,
  name: 'EndTxn',
  versions: [0, 5],
  flexibleSince: 3,
  request: {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    committed: bool,
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    producerId: ignorable(since(5, int64, -1)),
    producerEpoch: ignorable(since(5, int16, -1)),
  },
});
export type EndTxnRequest = RequestOf<typeof endTxn>;
export type EndTxnResponse = ResponseInput<typeof endTxn>;
