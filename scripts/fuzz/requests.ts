import { allApis } from '../../src/protocol/messages/all-apis.ts';
import { encode } from '../../src/protocol/codec.ts';
import { requestHeader } from '../../src/protocol/messages/request-header.ts';
import { requestHeaderVersion, type AnyApi } from '../../src/protocol/schema.ts';
import { goldenMessages } from '../../test/support/golden-messages.ts';

/** A request without its length: header and body. */
export interface Request {
  readonly api: AnyApi;
  readonly version: number;
  readonly bytes: Buffer;
}

/** The requests of all APIs at all versions, as Apache Kafka writes them. */
export function goldenRequests(): Request[] {
  const apis = new Map(allApis.map((api) => [api.request.name, api]));
  return goldenMessages().flatMap(({ schema, version, bytes }) => {
    const api = apis.get(schema.name);
    return api === undefined ? [] : [withHeader(api, version, bytes)];
  });
}

export function withHeader(api: AnyApi, version: number, body: Buffer, correlationId = 1): Request {
  const header = encode(requestHeader, requestHeaderVersion(api, version), {
    requestApiKey: api.key,
    requestApiVersion: version,
    correlationId,
    clientId: 'fuzz',
  });
  return { api, version, bytes: Buffer.concat([header, body]) };
}

/** Bytes with a length before them: their own, or another one. */
export function framed(bytes: Buffer, length = bytes.length): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(length | 0);
  return Buffer.concat([prefix, bytes]);
}
