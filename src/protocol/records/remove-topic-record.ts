// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, uuid } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** RemoveTopicRecord (type 9): a topic is gone. */
export const removeTopicRecord = defineRecord({
  apiKey: 9,
  name: 'RemoveTopicRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    topicId: uuid,
  },
});
export type RemoveTopicRecord = RecordOf<typeof removeTopicRecord>;
