import type { MetadataImage, TopicImage } from '../../../../src/broker/catalog/image.ts';
import type { Handler, RequestContext } from '../../../../src/broker/handler.ts';
import { errorCodes } from '../../../../src/protocol/error-codes.ts';
import { KafkaError } from '../../../../src/protocol/kafka-error.ts';
import { decode, encode } from '../../../../src/protocol/codec.ts';
import type { AnyApi, RequestInput, ResponseOf } from '../../../../src/protocol/schema.ts';
import { answerOf } from '../../../support/answer-of.ts';

export const idOfT = 'AAAAAAAAAAAAAAAAAAAAdA';
export const unknownId = 'AAAAAAAAAAAAAAAAAAAAeA';

const partition = {
  replicas: [1],
  isr: [1],
  addingReplicas: [],
  removingReplicas: [],
  directories: [],
  leader: 1,
  leaderEpoch: 0,
  partitionEpoch: 0,
};

export function topicOf(name: string, id: string, partitions: number, leader = 1): TopicImage {
  const one = { ...partition, leader };
  return { id, name, partitions: Array.from({ length: partitions }, () => one) };
}

/** A cluster of one broker with topic `t` of two partitions, and whatever else. */
export function imageOf(...topics: TopicImage[]): MetadataImage {
  const all = [topicOf('t', idOfT, 2), ...topics];
  const endpoint = { host: 'localhost', port: 9092, securityProtocol: 0 };
  return {
    clusterId: 'c',
    offset: 0,
    epoch: 0,
    topics: new Map(all.map((topic) => [topic.name, topic])),
    topicsById: new Map(all.map((topic) => [topic.id, topic])),
    brokers: new Map([
      [
        1,
        {
          id: 1,
          epoch: 0,
          incarnationId: idOfT,
          endpoints: [
            { ...endpoint, listener: 'PLAINTEXT' },
            { ...endpoint, listener: 'OTHER', port: 9093 },
          ],
          rack: null,
          fenced: false,
          directories: [],
        },
      ],
    ]),
    configs: new Map(),
    features: new Map(),
    nextProducerId: 0,
  } as unknown as MetadataImage;
}

export function contextOf(more: Partial<RequestContext> = {}): RequestContext {
  return {
    apiVersion: 0,
    clientId: 'client',
    clientHost: '127.0.0.1',
    principal: 'User:ANONYMOUS',
    listener: 'PLAINTEXT',
    nodeId: 1,
    image: imageOf(),
    appendTurn: undefined,
    caller: { isGone: false, waitsFor: undefined },
    releaseRequest: () => undefined,
    forgetRequest: () => undefined,
    settle: () => undefined,
    fail: () => undefined,
    ...more,
  };
}

/**
 * Asks as a client of one version would: request and response travel as bytes, and what a handler
 * throws becomes its refusal.
 */
export async function ask<A extends AnyApi>(
  handler: Handler<A>,
  apiVersion: number,
  input: RequestInput<A>,
  more: Partial<RequestContext> = {},
): Promise<ResponseOf<A>> {
  const { api } = handler;
  const bytes = encode(api.request, apiVersion, input);
  const request = decode(api.request, apiVersion, bytes);
  const context = contextOf({ ...more, apiVersion });
  let response;
  try {
    response = await answerOf(handler, request, context);
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    response = handler.refuse(errorCodes[error.code], error.message, request, context);
  }
  if (!response) throw new Error('no response');
  // A handler must not keep parts of the request, whose memory is used again.
  bytes.fill(0xee);
  return decode(api.response, apiVersion, encode(api.response, apiVersion, response));
}

/** All versions of an API, for `it.each`. */
export function versionsOf({ versions: [lowest, highest] }: AnyApi): number[] {
  return Array.from({ length: highest - lowest + 1 }, (_, index) => lowest + index);
}
