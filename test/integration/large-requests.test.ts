import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { deleteGroups } from '../../src/protocol/messages/delete-groups.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import type { AnyApi, FieldSpec, Fields } from '../../src/protocol/schema.ts';
import { zeroUuid } from '../../src/protocol/uuid.ts';
import { fallbackOf, fieldsAt } from '../support/golden-messages.ts';
import { ConnectionClosed, RawClient } from '../support/raw-client.ts';
import { servedApis } from '../support/readme.ts';

/** What would take minutes if each element were compared with each other one. */
const many = 60_000;
const boundMs = 40_000;

let broker: RunningBroker;
beforeAll(async () => {
  broker = await startBroker({ properties: { 'auto.create.topics.enable': 'false' } });
});
afterAll(() => broker.close());

/** The smallest value of a field. */
function zero(field: FieldSpec, version: number): unknown {
  if (field.kind === 'array') return [];
  return field.kind === 'struct' ? zeros(field.fields ?? {}, version) : fallbackOf(field);
}

function zeros(fields: Fields, version: number): Record<string, unknown> {
  const named = fieldsAt(fields, version).map(([name, field]) => [name, zero(field, version)]);
  return Object.fromEntries(named) as Record<string, unknown>;
}

/** The same with names and ids of its own. */
function distinct(value: unknown, number: number): unknown {
  if (value === '') return `name-${number}`;
  if (value === zeroUuid) {
    return Buffer.from(String(number).padStart(16, '0')).toString('base64url');
  }
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value) || Buffer.isBuffer(value)) return value;
  const parts = Object.entries(value).map(([name, part]) => [name, distinct(part, number)]);
  return Object.fromEntries(parts) as unknown;
}

const latest = ({ versions }: AnyApi): number => versions[1];

const arrays = servedApis().flatMap((api) =>
  fieldsAt(api.request.fields, latest(api))
    .filter(([, { kind }]) => kind === 'array')
    .map(([name, field]) => ({ api, name, element: field.element as FieldSpec })),
);

describe('a request with very many small elements', () => {
  it.each(arrays.map((one) => [one.api.name, one.name, one] as const))(
    '%s (%s): is answered in time, alike or not',
    async (_, name, { api, element }) => {
      const version = latest(api);
      for (const isDistinct of [false, true]) {
        const one = zero(element, version);
        const elements = Array.from({ length: many }, (_value, index) =>
          isDistinct ? distinct(one, index) : one,
        );
        const request = { ...zeros(api.request.fields, version), [name]: elements };
        const client = await RawClient.connect(broker.bootstrapServers);
        await client.request(
          api,
          version,
          api.key === produce.key ? { ...request, acks: 1 } : request,
        );
        client.close();
      }
    },
    boundMs,
  );

  it('closes the connection when it would take far more memory than its frame', async () => {
    const client = await RawClient.connect(broker.bootstrapServers);
    const groupsNames = Array.from({ length: 200_001 }, () => '');
    const refused = client.request(deleteGroups, 2, { groupsNames });
    await expect(refused).rejects.toThrow(ConnectionClosed);
  });
});
