import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTarget, type TargetBroker } from '../support/brokers.ts';
import { describeTarget, describeWhen, targetName } from '../support/suite.ts';
import { driven } from '../support/transaction-driver.ts';
import { Players, whyNotDriven } from '../support/transaction-play.ts';
import { scenarios } from '../support/transaction-scenarios.ts';

describeTarget('transactions of all clients', () => {
  let broker: TargetBroker;
  let players: Players | undefined;

  beforeAll(async () => {
    broker = await startTarget(targetName, {
      settings: { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200' },
    });
    players = await Players.start(broker);
  }, 600_000);

  afterAll(async () => {
    await players?.close();
    await broker.close();
  });

  const restart = async () => {
    await broker.stop();
    await broker.start();
  };

  describe.each(scenarios)('$title', (scenario) => {
    for (const client of driven) {
      describeWhen(client, whyNotDriven(client), () => {
        test(client, async () => {
          const outcome = await players!.outcomeOf(scenario, client, restart);
          expect(outcome).toEqual(scenario.but?.[client] ?? scenario.expected);
        });
      });
    }
  });
});
