import { createTopics } from '../../src/protocol/messages/create-topics.ts';
import { deleteGroups } from '../../src/protocol/messages/delete-groups.ts';
import { deleteTopics } from '../../src/protocol/messages/delete-topics.ts';
import { listGroups } from '../../src/protocol/messages/list-groups.ts';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { RawClient } from '../../test/support/raw-client.ts';
import type { World } from './plausible-message.ts';
import { probeTopic } from './probe.ts';

const topicNames = ['fuzz', 'fuzz.b', 'fuzz_c'];
const groups = ['g', 'h', 'fuzz-group'];
const timeoutMs = 30_000;
const kept: ReadonlySet<string> = new Set([probeTopic, '__consumer_offsets']);

/**
 * What attacks have rightly made (topics, data, groups) goes, and some topics to attack come.
 * Without it memory would grow for good reasons.
 */
export async function setUp(bootstrapServers: string): Promise<World> {
  const client = await RawClient.connect(bootstrapServers, 'housekeeping');
  try {
    await tidy(client);
    const topics = topicNames.map((name) => ({
      name,
      numPartitions: 3,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }));
    await client.request(createTopics, 6, { topics, timeoutMs, validateOnly: false });
    const described = await client.request(metadata, 12, {
      topics: topicNames.map((name) => ({ name })),
    });
    const ids = described.topics.map(({ name, topicId }) => ({ name: name ?? '', id: topicId }));
    return { topics: ids, groups };
  } finally {
    client.close();
  }
}

export async function tidyUp(bootstrapServers: string): Promise<void> {
  const client = await RawClient.connect(bootstrapServers, 'housekeeping');
  try {
    await tidy(client);
  } finally {
    client.close();
  }
}

async function tidy(client: RawClient): Promise<void> {
  const { topics } = await client.request(metadata, 9, { topics: null });
  const names = topics.map(({ name }) => name ?? '').filter((name) => !kept.has(name));
  if (names.length > 0) await client.request(deleteTopics, 5, { topicNames: names, timeoutMs });
  const listed = await client.request(listGroups, 4, {});
  const groupsNames = listed.groups.map(({ groupId }) => groupId);
  if (groupsNames.length > 0) await client.request(deleteGroups, 2, { groupsNames });
}
