import { afterEach, expect, test } from '@jest/globals';
import { Filling } from '../support/filling.ts';
import { SharedFolder } from '../support/shared-folder.ts';
import { differences, takeStock, type Stock } from '../support/stock.ts';
import { describeFolder } from '../support/suite.ts';

describeFolder('a folder that Odradek made', () => {
  let shared: SharedFolder;
  afterEach(async () => shared.close());

  test('is Apache Kafka’s too, back and forth, after clean stops and after kill -9', async () => {
    const filling = new Filling();
    shared = await SharedFolder.create();
    const { bootstrapServers } = shared;
    await shared.start('odradek');
    await filling.on(bootstrapServers, (client) => filling.begin(client));
    let before: Stock = await takeStock(bootstrapServers, filling.groups);
    await shared.stop();
    expect(await shared.info()).toContain('Found log directory');

    for (const [who, end] of [
      ['apache', 'SIGTERM'],
      ['odradek', 'SIGKILL'],
      ['apache', 'SIGKILL'],
      ['odradek', 'SIGTERM'],
    ] as const) {
      await shared.start(who);
      const found = await takeStock(bootstrapServers, filling.groups);
      expect(differences(found, before)).toEqual([]);
      await filling.on(bootstrapServers, (client) => filling.goOn(client));
      before = await takeStock(bootstrapServers, filling.groups);
      await shared.untilStartIsNoted('cut', filling.cutAt);
      await shared.stop(end);
      expect(await shared.complaints()).toEqual([]);
    }
  }, 180_000);
});
