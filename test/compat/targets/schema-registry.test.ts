import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { consume, createTopic, kafkaClient } from '../support/kafkajs-client.ts';
import { describeTarget, uniqueName } from '../support/suite.ts';

const orderSchema = JSON.stringify({
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'item', type: 'string' },
  ],
});

/** As much of a registry as one schema needs. */
function oneSchemaRegistry(): Server {
  return createServer(({ method, url = '' }, response) => {
    const answer = (): object => {
      if (method === 'POST') return { id: 1 };
      if (url.startsWith('/config/')) return { compatibilityLevel: 'BACKWARD' };
      return { schema: orderSchema };
    };
    response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json');
    response.end(JSON.stringify(answer()));
  });
}

const server = oneSchemaRegistry();

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

describeTarget('@kafkajs/confluent-schema-registry 3', () => {
  test('values in its format come back as what was encoded', async () => {
    const { port } = server.address() as AddressInfo;
    const registry = new SchemaRegistry({ host: `http://127.0.0.1:${port}` });
    const { id } = await registry.register({ type: SchemaType.AVRO, schema: orderSchema });
    const topic = await createTopic(uniqueName('avro'));
    const producer = kafkaClient().producer();
    await producer.connect();
    const value = await registry.encode(id, { id: 7, item: 'a book' });
    await producer.send({ topic, messages: [{ value }] });
    const [received] = await consume(topic, 1, uniqueName('group'));
    const bytes = received?.message.value ?? Buffer.alloc(0);
    expect(bytes.subarray(0, 5)).toEqual(Buffer.from([0, 0, 0, 0, 1])); // magic byte, schema id
    expect({ ...((await registry.decode(bytes)) as object) }).toEqual({ id: 7, item: 'a book' });
  });
});
