import { errorCodes } from '../../protocol/error-codes.ts';
import { createTopics } from '../../protocol/messages/create-topics.ts';
import type { CreateTopicsResponse } from '../../protocol/messages/create-topics.ts';
import type { CreatedTopic, Refused } from '../catalog/decide-topics.ts';
import type { MetadataImage } from '../catalog/image.ts';
import type { TopicCreation } from '../catalog/topic-creation.ts';
import { defineHandler } from '../handler.ts';

type TopicAnswer = CreateTopicsResponse['topics'][number];

/** One effective value of a topic's configuration. */
export type TopicConfigEntry = NonNullable<TopicAnswer['configs']>[number];

/** All effective values of a topic that has `configs` of its own, sorted by name. */
export type DescribeTopicConfigs = (
  image: MetadataImage,
  configs: ReadonlyMap<string, string>,
) => readonly TopicConfigEntry[];

/** CreateTopics (key 19). Answers when every partition serves. */
export const createTopicsHandler = (
  creation: TopicCreation,
  describeTopicConfigs: DescribeTopicConfigs,
) =>
  defineHandler(createTopics, {
    async answer({ topics, validateOnly }, context) {
      const outcomes = await creation.create(topics, validateOnly);
      const { image } = context;
      return {
        throttleTimeMs: 0,
        topics: outcomes.map((outcome) =>
          outcome.error === 'NONE'
            ? created(outcome, describeTopicConfigs(image, outcome.configs))
            : refused(outcome),
        ),
      };
    },
    refuse: (errorCode, errorMessage, { topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name }) => ({ name, errorCode, errorMessage })),
    }),
  });

function created(topic: CreatedTopic, configs: readonly TopicConfigEntry[]): TopicAnswer {
  return {
    name: topic.name,
    topicId: topic.topicId,
    errorCode: errorCodes.NONE,
    errorMessage: null,
    numPartitions: topic.numPartitions,
    replicationFactor: topic.replicationFactor,
    configs,
  };
}

const refused = ({ name, error, message }: Refused): TopicAnswer => ({
  name,
  errorCode: errorCodes[error],
  errorMessage: message,
});
