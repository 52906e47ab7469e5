import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOnBoth, expectSame, fillBoth, onBoth, untilOnBoth } from '../support/comparison.ts';
import { describeComparison, launchTool, uniqueName } from '../support/suite.ts';
import type { RunningTool } from '../support/tool-runner.ts';

const groups = async (args: string, only?: RegExp) =>
  expectSame({ tool: 'kafka-consumer-groups', args, ...(only && { only }) });

/** Members of a group on both brokers: a console consumer each, that commits often. */
async function startMembers(group: string, topic: string): Promise<RunningTool[]> {
  const members = await onBoth(async (bootstrap) =>
    launchTool('kafka-console-consumer', [
      ...['--bootstrap-server', bootstrap, '--topic', topic, '--group', group, '--from-beginning'],
      ...['--command-property', 'auto.commit.interval.ms=100'],
      ...['--command-property', 'heartbeat.interval.ms=300'],
    ]),
  );
  return Object.values(members);
}

async function stopMembers(members: readonly RunningTool[]): Promise<void> {
  for (const member of members) member.stop();
  await Promise.all(members.map(async (member) => member.result));
}

async function committed(group: string, topic: string, offsets: readonly string[]) {
  await untilOnBoth(`${group} has committed`, async (admin) => {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const partitions = found?.partitions.sort((a, b) => a.partition - b.partition);
    return JSON.stringify(partitions?.map(({ offset }) => offset)) === JSON.stringify(offsets);
  });
}

const state = async (group: string, wanted: string) =>
  untilOnBoth(`${group} is ${wanted}`, async (admin) => {
    const [found] = (await admin.describeGroups([group])).groups;
    return found?.state === wanted;
  });

describeComparison('kafka-consumer-groups', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'compat-groups-'));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  test('an active group: list, describe, and what is refused', async () => {
    const topic = uniqueName('active');
    const group = uniqueName('active');
    const mine = new RegExp(`${group}|GROUP`);
    await createOnBoth(topic, 3);
    await fillBoth(topic, { 0: 10, 1: 20, 2: 5 });
    const members = await startMembers(group, topic);
    await committed(group, topic, ['10', '20', '5']);
    await state(group, 'Stable');
    await groups('--list', mine);
    await groups('--list --state', mine);
    await groups('--list --state Stable', mine);
    await groups('--list --state Empty,Dead', mine);
    await groups('--list --type', mine);
    await groups('--list --type classic', mine);
    await groups('--list --type consumer', mine);
    await groups('--list --state Nonsense', mine);
    for (const view of ['', ' --offsets', ' --members', ' --state']) {
      const { stdout } = await groups(`--describe --group ${group}${view}`);
      expect(stdout).toContain(group);
      await groups(`--describe --group ${group}${view} --verbose`);
    }
    await groups('--describe --all-groups', mine);
    await groups('--describe --all-groups --members', mine);
    await groups('--describe --all-groups --state', mine);
    await groups(`--reset-offsets --group ${group} --topic ${topic} --to-earliest --execute`);
    await groups(`--delete --group ${group}`);
    await groups(`--delete-offsets --group ${group} --topic ${topic}`);
    await stopMembers(members);
  });

  test('two members: who has which partitions', async () => {
    const topic = uniqueName('two');
    const group = uniqueName('two');
    await createOnBoth(topic, 4);
    const members = [...(await startMembers(group, topic)), ...(await startMembers(group, topic))];
    await untilOnBoth('both have joined', async (admin) => {
      const [found] = (await admin.describeGroups([group])).groups;
      return found?.state === 'Stable' && found.members.length === 2;
    });
    await expectSame({
      tool: 'kafka-consumer-groups',
      args: `--describe --group ${group} --members --verbose`,
      anyOrder: true,
    });
    await stopMembers(members);
  });

  test('an empty group: describe, reset, delete', async () => {
    const topic = uniqueName('empty');
    const group = uniqueName('empty');
    await createOnBoth(topic, 3);
    await fillBoth(topic, { 0: 10, 1: 20, 2: 5 });
    await stopAfterCommit(topic, group);
    for (const view of ['', ' --offsets', ' --members', ' --state', ' --members --verbose']) {
      await groups(`--describe --group ${group}${view}`);
    }
    const reset = `--reset-offsets --group ${group} --topic ${topic}`;
    for (const how of [
      '--to-earliest',
      '--to-latest',
      '--to-current',
      '--shift-by -3',
      '--shift-by 100',
      '--to-offset 4',
      '--to-offset 1000',
      '--to-datetime 2023-11-14T22:13:24.000',
      '--to-datetime 2033-01-01T00:00:00.000',
      '--to-datetime nonsense',
      '--by-duration P1D',
    ]) {
      await groups(`${reset} ${how}`);
      await groups(`${reset} ${how} --dry-run`);
    }
    for (const how of ['--to-earliest', '--to-datetime 2023-11-14T22:13:24.000', '--shift-by 2']) {
      await groups(`${reset} ${how} --execute`);
      await groups(`--describe --group ${group}`);
    }
    await groups(`--reset-offsets --group ${group} --topic ${topic}:0,2 --to-latest --execute`);
    await groups(`--describe --group ${group} --offsets --verbose`);
    await groups(`--reset-offsets --group ${group} --all-topics --to-earliest --execute`);
    await groups(`--reset-offsets --group ${group} --all-topics --to-latest --export`);
    await groups(`--delete-offsets --group ${group} --topic ${topic}:1`);
    await groups(`--describe --group ${group}`);
    await groups(`--delete-offsets --group ${group} --topic ${topic}`);
    await groups(`--delete --group ${group}`);
    await groups(`--delete --group ${group}`);
    await groups('--list', new RegExp(group));
  });

  test('reset-offsets from a file, and for a group that does not exist yet', async () => {
    const topic = uniqueName('file');
    const group = uniqueName('file');
    await createOnBoth(topic, 2);
    await fillBoth(topic, { 0: 9, 1: 9 });
    const file = join(folder, 'offsets.csv');
    await writeFile(file, `${topic},0,3\n${topic},1,4\n`);
    await groups(`--reset-offsets --group ${group} --from-file ${file} --dry-run`);
    await groups(`--reset-offsets --group ${group} --from-file ${file} --execute`);
    await groups(`--describe --group ${group}`);
    const fresh = uniqueName('fresh');
    await groups(`--reset-offsets --group ${fresh} --topic ${topic} --to-earliest --execute`);
    await groups(`--describe --group ${fresh}`);
    await groups(`--describe --group ${fresh} --state`);
  });

  test('a topic deleted under a group leaves its offsets out', async () => {
    const [topic, kept] = [uniqueName('gone'), uniqueName('kept')];
    const group = uniqueName('gone');
    await createOnBoth(topic);
    await createOnBoth(kept);
    await fillBoth(topic, { 0: 3 });
    await fillBoth(kept, { 0: 4 });
    await stopAfterCommit(topic, group, ['3']);
    await stopAfterCommit(kept, group, ['4']);
    await onBoth(
      async (bootstrap) =>
        launchTool('kafka-topics', [
          ...['--bootstrap-server', bootstrap, '--delete', '--topic', topic],
        ]).result,
    );
    await untilOnBoth('its offsets are gone', async (admin) => {
      const found = await admin.fetchOffsets({ groupId: group });
      return found.length === 1;
    });
    await groups(`--describe --group ${group}`);
  });

  test.each([
    '--describe --group no-such-group',
    '--describe --group no-such-group --members',
    '--describe --group no-such-group --state',
    '--delete --group no-such-group',
    '--delete-offsets --group no-such-group --topic no-such-topic',
    '--reset-offsets --group no-such-group --topic no-such-topic --to-earliest --dry-run',
    '--reset-offsets --group no-such-group --topic no-such-topic:7 --to-latest --execute',
    '--describe',
    '--reset-offsets --group g',
    '--reset-offsets --group g --topic t',
    '--describe --group g --members --state',
    '--delete',
    '--list --describe',
  ])('%s', async (args) => {
    await groups(args);
  });

  /** Reads all there is, commits and leaves. */
  async function stopAfterCommit(topic: string, group: string, offsets = ['10', '20', '5']) {
    const members = await startMembers(group, topic);
    await committed(group, topic, offsets);
    await stopMembers(members);
    await state(group, 'Empty');
  }
});
