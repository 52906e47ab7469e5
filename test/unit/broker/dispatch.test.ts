import { describe, expect, it } from '@jest/globals';
import { Dispatcher } from '../../../src/broker/dispatch.ts';
import { emptyImage } from '../../../src/broker/catalog/image.ts';
import {
  CloseConnection,
  defineHandler,
  later,
  type Handler,
  type RequestContext,
} from '../../../src/broker/handler.ts';
import type { ConnectionFacts, Outcome } from '../../../src/broker/network/connection.ts';
import type { Logger } from '../../../src/host/logger.ts';
import { silentLogger } from '../../../src/host/logger.ts';
import { decode, encode } from '../../../src/protocol/codec.ts';
import { errorCodes } from '../../../src/protocol/error-codes.ts';
import { KafkaError } from '../../../src/protocol/kafka-error.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import { heartbeat } from '../../../src/protocol/messages/heartbeat.ts';
import { WireWriter } from '../../../src/protocol/wire-writer.ts';
import { encodeRequest } from '../../support/raw-client.ts';

const connection: ConnectionFacts = {
  clientHost: '10.0.0.7',
  listener: 'PLAINTEXT',
  appendTurn: undefined,
  isGone: false,
  waitsFor: undefined,
};

type Answer = Handler<typeof heartbeat>['answer'];

function dispatch(
  answer: Answer,
  logger: Logger = silentLogger,
  sent?: (response: object) => void,
) {
  const handler = defineHandler(heartbeat, {
    answer,
    refuse: (errorCode) => ({ errorCode }),
    ...(sent && { sent }),
  });
  const node = { nodeId: 1, image: emptyImage('cluster') };
  return answerOf(new Dispatcher(new Map([[heartbeat.key, handler]]), node, logger));
}

/** At once, or a promise. */
function answerOf(dispatcher: Dispatcher, key = heartbeat.key): Outcome | Promise<Outcome> {
  const frame = encodeRequest(heartbeat, 4, 77, 'client', {
    groupId: 'g',
    generationId: 1,
    memberId: 'm',
  });
  frame.writeInt16BE(key, 4);
  const where = { buffer: frame, start: 4, end: frame.length, lent: undefined };
  let settle: (outcome: Outcome) => void = () => undefined;
  const settled = new Promise<Outcome>((resolve) => (settle = resolve));
  const outcome = dispatcher.answer(where, { connection, settle });
  return outcome === 'later' ? settled : outcome;
}

/** Correlation id and body of a reply. */
function read(outcome: Outcome) {
  if (typeof outcome === 'string') throw new Error(outcome);
  const writer = new WireWriter();
  expect(outcome.encode(writer)).toBe(true);
  const frame = Buffer.concat(writer.chunks());
  expect(frame.readInt32BE(0)).toBe(frame.length - 4);
  const body = decode(heartbeat.response, 4, frame.subarray(9));
  return { correlationId: frame.readInt32BE(4), ...body };
}

describe('what is not served', () => {
  it('closes the connection and is told of once, and of no more than twenty things', () => {
    const warnings: unknown[] = [];
    const logger = { ...silentLogger, warn: (_: string, facts: unknown) => warnings.push(facts) };
    const node = { nodeId: 1, image: emptyImage('cluster') };
    const dispatcher = new Dispatcher(new Map(), node, logger);
    expect(answerOf(dispatcher, 17)).toBe('close');
    expect(answerOf(dispatcher, 17)).toBe('close');
    expect(warnings).toEqual([{ client: '10.0.0.7', what: 'API key 17' }]);
    for (let key = 100; key < 200; key++) expect(answerOf(dispatcher, key)).toBe('close');
    expect(warnings).toHaveLength(20);
  });
});

describe('dispatch', () => {
  it('makes no promise where the handler makes none', () => {
    const outcome = dispatch(() => ({ errorCode: 0 }));
    expect(outcome).not.toBeInstanceOf(Promise);
    expect(read(outcome as Outcome)).toMatchObject({ correlationId: 77, errorCode: 0 });
  });

  it('tells the handler who asks', async () => {
    let seen: unknown;
    await dispatch((request, { apiVersion, clientId, clientHost, listener, principal, nodeId }) => {
      seen = { ...request, apiVersion, clientId, clientHost, listener, principal, nodeId };
      return { errorCode: 0 };
    });
    expect(seen).toMatchObject({
      groupId: 'g',
      memberId: 'm',
      apiVersion: 4,
      clientId: 'client',
      clientHost: '10.0.0.7',
      listener: 'PLAINTEXT',
      principal: 'User:ANONYMOUS',
      nodeId: 1,
    });
  });

  it.each<[string, Answer]>([
    [
      'thrown',
      () => {
        throw new KafkaError('ILLEGAL_GENERATION');
      },
    ],
    ['rejected', () => Promise.reject(new KafkaError('ILLEGAL_GENERATION'))],
  ])('makes a refusal that is %s a number', async (_how, answer) => {
    const { errorCode } = read(await dispatch(answer));
    expect(errorCode).toBe(errorCodes.ILLEGAL_GENERATION);
  });

  it('is loud about a bug, and vague to the client', async () => {
    const lines: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => lines.push(message) };
    const { errorCode } = read(await dispatch(() => Promise.reject(new Error('secret')), logger));
    expect(errorCode).toBe(errorCodes.UNKNOWN_SERVER_ERROR);
    expect(lines).toHaveLength(1);
  });

  it.each([new CloseConnection('acks=0'), new MalformedMessage('inner bytes')])(
    'closes the connection for %s',
    async (error) => {
      expect(await dispatch(() => Promise.reject(error))).toBe('close');
    },
  );

  it.each<[string, (context: RequestContext) => void, number]>([
    ['answered', (context) => context.settle({ errorCode: 22 }), 22],
    ['refused', (context) => context.fail(new KafkaError('ILLEGAL_GENERATION')), 22],
  ])('lets a handler say later that a request is %s', async (_how, tell, expected) => {
    let waiting: RequestContext | undefined;
    const outcome = dispatch((_request, context) => {
      waiting = context;
      return later;
    });
    await Promise.resolve();
    tell(waiting as RequestContext);
    expect(read(await outcome)).toMatchObject({ correlationId: 77, errorCode: expected });
  });

  it('says nothing where the handler says nothing', async () => {
    expect(await dispatch(() => undefined)).toBe('silence');
  });

  it('gives a response back once it is sent', async () => {
    let isSent = false;
    const outcome = await dispatch(
      () => ({ errorCode: 0 }),
      silentLogger,
      () => (isSent = true),
    );
    read(outcome);
    expect(isSent).toBe(false);
    if (typeof outcome !== 'string') outcome.sent();
    expect(isSent).toBe(true);
  });

  it.each([0, 100_000])(
    'takes a body that is encoded already, followed by %d bytes',
    async (size) => {
      const message = { throttleTimeMs: 5, errorCode: 22 };
      const body = Buffer.concat([encode(heartbeat.response, 4, message), Buffer.alloc(size)]);
      const given: unknown[] = [];
      const outcome = await dispatch(
        () => body,
        silentLogger,
        (response) => given.push(response),
      );
      expect(read(outcome)).toMatchObject({ correlationId: 77, ...message });
      if (typeof outcome !== 'string') outcome.sent();
      expect(given).toEqual([]);
    },
  );

  it('closes the connection when a response cannot be written', async () => {
    const broken = { errorCode: 0, unknownTags: [{ tag: 9, data: null }] };
    const outcome = await dispatch(() => broken as never);
    const writer = new WireWriter();
    expect(typeof outcome !== 'string' && outcome.encode(writer)).toBe(false);
    expect(writer.size).toBe(0);
  });
});
