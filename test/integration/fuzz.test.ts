import { expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Campaign } from '../../scripts/fuzz/campaign.ts';
import { startBroker } from '../../src/broker/start-broker.ts';
import { silentLogger } from '../../src/host/logger.ts';

// The long version, on a process of its own and with an eye on its memory, is `npm run fuzz`.
const connections = 2_500;

it.each([
  ['memory', 11],
  ['disk', 12],
] as const)(
  'bent requests are answered or their connection closes; nobody else notices (%s)',
  async (store, seed) => {
    const folder = mkdtempSync(join(tmpdir(), 'odradek-fuzz-'));
    const errors: unknown[] = [];
    const broker = await startBroker({
      dataDir: store === 'disk' ? folder : undefined,
      properties: {
        'group.min.session.timeout.ms': '1000',
        'group.max.session.timeout.ms': '5000',
      },
      logger: { ...silentLogger, error: (message, fields) => errors.push([message, fields]) },
    });
    const campaign = await Campaign.begin({
      bootstrapServers: broker.bootstrapServers,
      seed,
      boundMs: 10_000,
      attackers: 16,
      goOn: (count) => count < connections,
    });
    await campaign.run();
    await campaign.end();
    await broker.close();
    rmSync(folder, { recursive: true });
    expect({ errors, probe: campaign.probeFailure, failures: campaign.failures }).toEqual({
      errors: [],
      probe: undefined,
      failures: [],
    });
    const { answered, closed } = campaign.outcomes;
    expect(answered).toBeGreaterThan(connections / 5);
    expect(closed).toBeGreaterThan(connections / 5);
  },
  60_000,
);
