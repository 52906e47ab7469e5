import { afterEach, expect, test } from '@jest/globals';
import { Filling } from '../support/filling.ts';
import { SharedFolder } from '../support/shared-folder.ts';
import { differences, takeStock, type Stock } from '../support/stock.ts';
import { describeFolder } from '../support/suite.ts';
import { toolsTell, type Question } from '../support/tools-tell.ts';

const questions: readonly Question[] = [
  ['kafka-topics', '--describe --exclude-internal'],
  ['kafka-get-offsets', '--exclude-internal-topics'],
  ['kafka-configs', '--describe --entity-type brokers --entity-default'],
  ['kafka-configs', '--describe --entity-type topics'],
  ['kafka-consumer-groups', '--describe --group settled'],
];
/** How often the folder goes back and forth twice. */
const rounds = Number(process.env['FOLDER_ROUNDS'] ?? 1);

describeFolder('a folder that Odradek made', () => {
  let shared: SharedFolder;
  afterEach(async () => shared.close());

  test(
    'is Apache Kafka’s too, back and forth, after clean stops and after kill -9',
    async () => {
      const filling = new Filling();
      shared = await SharedFolder.create();
      const { bootstrapServers } = shared;
      let stock: Stock;
      let told: string[];
      const look = async (): Promise<void> => {
        stock = await takeStock(bootstrapServers, filling.groups);
        told = await toolsTell(bootstrapServers, questions);
      };
      await shared.start('odradek');
      await filling.on(bootstrapServers, (client) => filling.begin(client));
      await look();
      await shared.stop();
      expect(await shared.info()).toContain('Found log directory');

      const handOvers = [
        ['apache', 'SIGTERM'],
        ['odradek', 'SIGKILL'],
        ['apache', 'SIGKILL'],
        ['odradek', 'SIGTERM'],
      ] as const;
      for (const [who, end] of Array.from({ length: rounds }, () => handOvers).flat()) {
        const [stockBefore, toldBefore] = [stock!, told!];
        await shared.start(who);
        await look();
        expect(differences(stock!, stockBefore)).toEqual([]);
        expect(told!).toEqual(toldBefore);
        await filling.on(bootstrapServers, (client) => filling.goOn(client));
        await look();
        await shared.untilStartIsNoted('cut', filling.cutAt);
        await shared.stop(end);
        expect(await shared.complaints()).toEqual([]);
      }
    },
    180_000 * rounds,
  );
});
