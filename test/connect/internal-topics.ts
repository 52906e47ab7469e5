import { describeConfigs } from '../../src/protocol/messages/describe-configs.ts';
import type { RawClient } from '../support/raw-client.ts';
import { describeTopic } from '../support/requests.ts';

const topicResource = 2;
const dynamicTopicConfig = 1;

interface InternalTopic {
  readonly name: string;
  readonly partitions: number;
  /** All that its workers set when they make it. */
  readonly configs: Readonly<Record<string, string>>;
}

/** Segments are rolled and cleaned all the time, so that workers read what compaction has left. */
const quickCompaction = { 'segment.ms': '3000', 'min.cleanable.dirty.ratio': '0.01' };

/** The topics that workers keep their state in. The partitions are those that Kafka Connect asks for by itself. */
const internalTopics: Readonly<Record<'config' | 'offset' | 'status', InternalTopic>> = {
  config: { name: 'connect-configs', partitions: 1, configs: { 'cleanup.policy': 'compact' } },
  offset: {
    name: 'connect-offsets',
    partitions: 25,
    configs: { 'cleanup.policy': 'compact', ...quickCompaction },
  },
  status: {
    name: 'connect-status',
    partitions: 5,
    configs: { 'cleanup.policy': 'compact', ...quickCompaction },
  },
};

export const offsetsTopic = internalTopics.offset.name;

/** What a worker is told of its topics. */
export function internalTopicProperties(): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const [kind, { name, configs }] of Object.entries(internalTopics)) {
    properties[`${kind}.storage.topic`] = name;
    properties[`${kind}.storage.replication.factor`] = '1';
    for (const [key, value] of Object.entries(configs)) {
      // The policy is not for its user to say.
      if (key !== 'cleanup.policy') properties[`${kind}.storage.${key}`] = value;
    }
  }
  return properties;
}

/** What of the topics is not as the workers asked for. */
export async function internalTopicMistakes(client: RawClient): Promise<string[]> {
  const mistakes: string[] = [];
  for (const { name, partitions, configs } of Object.values(internalTopics)) {
    const described = await describeTopic(client, name);
    if (described.errorCode !== 0 || described.partitions.length !== partitions) {
      const found = `${described.partitions.length} partitions, error ${described.errorCode}`;
      mistakes.push(`${name}: ${found}, not ${partitions} partitions`);
    }
    const { results } = await client.request(describeConfigs, 4, {
      resources: [{ resourceType: topicResource, resourceName: name, configurationKeys: null }],
    });
    const set = (results[0]?.configs ?? [])
      .filter(({ configSource }) => configSource === dynamicTopicConfig)
      .map((config) => `${config.name}=${config.value ?? ''}`);
    const asked = Object.entries(configs).map(([key, value]) => `${key}=${value}`);
    if (set.sort().join() !== asked.sort().join())
      mistakes.push(`${name}: has ${set.join()}, asked for was ${asked.join()}`);
  }
  return mistakes;
}
