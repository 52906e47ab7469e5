// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, string, uuid } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** TopicRecord (type 2): a topic exists. */
export const topicRecord = defineRecord({
  apiKey: 2,
  name: 'TopicRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    name: string,
    topicId: uuid,
  },
});
export type TopicRecord = RecordOf<typeof topicRecord>;
