import { test } from '@jest/globals';
import { createOnBoth, expectSame, onBoth, untilOnBoth } from '../support/comparison.ts';
import { describeComparison, runTool, uniqueName } from '../support/suite.ts';

describeComparison('kafka-groups', () => {
  test('lists groups of every kind', async () => {
    const topic = uniqueName('groups');
    const group = uniqueName('groups');
    await createOnBoth(topic);
    await onBoth(async (bootstrap) =>
      runTool('kafka-consumer-groups', [
        ...['--bootstrap-server', bootstrap, '--reset-offsets', '--to-earliest', '--execute'],
        ...['--group', group, '--topic', topic],
      ]),
    );
    await untilOnBoth('it is listed', async (admin) =>
      (await admin.listGroups()).groups.some(({ groupId }) => groupId === group),
    );
    for (const filter of [
      '',
      ' --consumer',
      ' --share',
      ' --streams',
      ' --group-type classic',
      ' --group-type consumer',
      ' --protocol consumer',
      ' --protocol other',
      ' --group-type nonsense',
    ]) {
      await expectSame({
        tool: 'kafka-groups',
        args: `--list${filter}`,
        only: new RegExp(`${group}|GROUP|rror|xception`),
      });
    }
  });

  test.each(['', '--list --share --streams'])('usage: [%s]', async (args) => {
    await expectSame({ tool: 'kafka-groups', args });
  });
});
