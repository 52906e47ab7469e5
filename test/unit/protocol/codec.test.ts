import { describe, expect, it } from '@jest/globals';
import { decode, decodeFrom, encode, hasVersion } from '../../../src/protocol/codec.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import { apiVersions } from '../../../src/protocol/messages/api-versions.ts';
import { fetch } from '../../../src/protocol/messages/fetch.ts';
import { heartbeat } from '../../../src/protocol/messages/heartbeat.ts';
import type { HeartbeatResponse } from '../../../src/protocol/messages/heartbeat.ts';
import { initProducerId } from '../../../src/protocol/messages/init-producer-id.ts';
import { metadata } from '../../../src/protocol/messages/metadata.ts';
import { produce } from '../../../src/protocol/messages/produce.ts';
import { requestHeader } from '../../../src/protocol/messages/request-header.ts';
import {
  array,
  bytes,
  defineMessage,
  int16,
  int32,
  int64,
  nullableString,
  requestHeaderVersion,
  responseHeaderVersion,
  string,
  tagged,
  uuid,
} from '../../../src/protocol/schema.ts';
import { WireReader } from '../../../src/protocol/wire-reader.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

const number = defineMessage({ name: 'Number', versions: [0, 0], fields: { value: int64 } });
const text = defineMessage({
  name: 'Text',
  versions: [0, 1],
  flexibleSince: 1,
  fields: { text: string },
});
const tags = defineMessage({
  name: 'Tags',
  versions: [0, 1],
  flexibleSince: 0,
  fields: {
    first: tagged(0, 0, int32, 0),
    second: tagged(1, 1, nullableString, null),
  },
});

describe('a reader with a limit of elements', () => {
  const read = (bytes: Buffer, mostElements: number) => () =>
    decodeFrom(
      new WireReader({ buffer: bytes, start: 0, end: bytes.length }, mostElements),
      metadata.request,
      9,
    );

  it('takes as many in all arrays together, and no more', () => {
    const bytes = encode(metadata.request, 9, { topics: [{ name: 'a' }, { name: 'b' }] });
    expect(read(bytes, 2)().topics).toHaveLength(2);
    expect(read(bytes, 1)).toThrow(MalformedMessage);
  });

  it('counts unknown tags', () => {
    const unknownTags = [5, 6, 7].map((tag) => ({ tag, data: Buffer.alloc(0) }));
    const bytes = encode(metadata.request, 9, { topics: [], unknownTags });
    expect(read(bytes, 3)().unknownTags).toHaveLength(3);
    expect(read(bytes, 2)).toThrow(MalformedMessage);
  });
});

describe('a version that lacks a field', () => {
  it('reads its fallback', () => {
    const bytes = encode(heartbeat.request, 0, { groupId: 'g', generationId: 1, memberId: 'm' });
    expect(decode(heartbeat.request, 0, bytes)).toEqual({
      groupId: 'g',
      generationId: 1,
      memberId: 'm',
      groupInstanceId: null,
    });
  });

  it('does not take a value for it', () => {
    const request = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: 'i' };
    expect(() => encode(heartbeat.request, 2, request)).toThrow(
      'HeartbeatRequest.groupInstanceId has a value, but version 2 has no such field',
    );
    expect(() => encode(heartbeat.request, 3, request)).not.toThrow();
  });

  it('drops a value that may be ignored', () => {
    const response = { throttleTimeMs: 9, errorCode: 27 };
    expect(encode(heartbeat.response, 0, response)).toEqual(hex('001b'));
    expect(encode(heartbeat.response, 1, response)).toEqual(hex('00000009 001b'));
  });

  it('takes no unknown tags where there are no tags', () => {
    const unknownTags = [{ tag: 7, data: hex('01') }];
    expect(() => encode(text, 0, { text: '', unknownTags })).toThrow('Text.unknownTags');
  });
});

describe('what is left out when encoding', () => {
  it('is sent as its fallback', () => {
    expect(encode(heartbeat.response, 4, { errorCode: 0 })).toEqual(hex('00000000 0000 00'));
    const explicit: HeartbeatResponse = { throttleTimeMs: undefined, errorCode: 0 };
    expect(encode(heartbeat.response, 4, explicit)).toEqual(hex('00000000 0000 00'));
  });

  it('must not be a required field', () => {
    // @ts-expect-error errorCode exists in all versions and has no default
    const response: HeartbeatResponse = { throttleTimeMs: 1 };
    expect(response).toBeDefined();
  });
});

describe('a version that is not there', () => {
  it('is an error, and can be asked for', () => {
    expect(hasVersion(heartbeat.request, 5)).toBe(false);
    expect(() => decode(heartbeat.request, 5, hex(''))).toThrow('has no version 5');
    expect(hasVersion(heartbeat.request, -1)).toBe(false);
  });

  it('is there when it is only unstable', () => {
    expect(initProducerId.versions).toEqual([0, 5]);
    expect(hasVersion(initProducerId.request, 6)).toBe(true);
  });
});

describe('null', () => {
  it('is refused where a version does not allow it, in both directions', () => {
    expect(() => encode(metadata.request, 0, { topics: null })).toThrow(
      'MetadataRequest.topics is null, which version 0 cannot say',
    );
    expect(() => decode(metadata.request, 0, hex('ffffffff'))).toThrow(MalformedMessage);
    expect(decode(metadata.request, 1, hex('ffffffff')).topics).toBeNull();
  });

  it('has one form: no other negative length is taken for it', () => {
    const anyTopics = (length: string) => () => decode(metadata.request, 1, hex(length));
    expect(anyTopics('fffffffe')).toThrow(MalformedMessage);
    expect(anyTopics('80000000')).toThrow(MalformedMessage);
  });
});

describe('int64', () => {
  it.each([
    [0, '0000000000000000'],
    [-1, 'ffffffffffffffff'],
    [2 ** 31, '0000000080000000'],
    [2 ** 32, '0000000100000000'],
    [-(2 ** 32), 'ffffffff00000000'],
    [-(2 ** 32) - 1, 'fffffffeffffffff'],
    [Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
    [Number.MIN_SAFE_INTEGER, 'ffe0000000000001'],
    [2 ** 62, '4000000000000000'],
    [2 ** 63, '7fffffffffffffff'],
    [2 ** 64, '7fffffffffffffff'],
    [Infinity, '7fffffffffffffff'],
    [-(2 ** 63), '8000000000000000'],
    [-(2 ** 64), '8000000000000000'],
  ])('%d is written as %s', (value, written) => {
    expect(encode(number, 0, { value }).toString('hex')).toBe(written);
  });

  it.each([
    ['7fffffffffffffff', 2 ** 63],
    ['8000000000000000', -(2 ** 63)],
    ['0020000000000001', 2 ** 53],
    ['ffffffffffffffff', -1],
    ['ffffffff7fffffff', -2147483649],
  ])('%s is read as %d', (written, value) => {
    expect(decode(number, 0, hex(written))).toEqual({ value });
  });
});

describe('tags', () => {
  it('that nobody knows are kept apart and written back', () => {
    const written = hex('02 00 04 00000005 2a 02 abcd');
    const message = decode(tags, 0, written);
    expect(message).toEqual({
      first: 5,
      second: null,
      unknownTags: [{ tag: 42, data: hex('abcd') }],
    });
    expect(encode(tags, 0, message)).toEqual(written);
  });

  it('leave no property when there are none', () => {
    expect('unknownTags' in decode(tags, 0, hex('00'))).toBe(false);
  });

  it('with their fallback do not travel', () => {
    expect(encode(tags, 1, { first: 0, second: null })).toEqual(hex('00'));
    expect(encode(tags, 1, { first: 0, second: '' })).toEqual(hex('01 01 01 01'));
  });

  it('of a later version are refused, as by Kafka', () => {
    expect(() => decode(tags, 0, hex('01 01 02 0161'))).toThrow(MalformedMessage);
  });

  it('may be repeated and in any order, as for Kafka: the last counts', () => {
    const message = decode(tags, 1, hex('03 01 02 0261 00 04 00000001 00 04 00000002'));
    expect(message).toEqual({ first: 2, second: 'a' });
  });

  it('with a size of more than one byte have it in front', () => {
    for (const length of [125, 126, 127, 128, 16_380, 16_384, 32_767]) {
      const second = 'x'.repeat(length);
      expect(decode(tags, 1, encode(tags, 1, { first: 1, second }))).toEqual({ first: 1, second });
    }
  });
});

describe('lengths', () => {
  const list = defineMessage({
    name: 'List',
    versions: [0, 1],
    flexibleSince: 1,
    fields: { list: array({ id: uuid, data: bytes }), numbers: array(int16) },
  });

  it('are held against what is left before memory is taken', () => {
    expect(() => decode(list, 0, hex('7fffffff'))).toThrow('cannot fit');
    expect(() => decode(list, 0, Buffer.concat([hex('00000002'), Buffer.alloc(39)]))).toThrow(
      'List.list: 2 elements cannot fit',
    );
    expect(() => decode(list, 1, hex('ffffffff0f'))).toThrow(MalformedMessage);
    expect(() => decode(text, 0, hex('0003 6161'))).toThrow(MalformedMessage);
    expect(() => decode(text, 1, hex('04 6161'))).toThrow(MalformedMessage);
  });

  it('in a varint end after five bytes', () => {
    expect(() => decode(text, 1, hex('ffffffffff01'))).toThrow('five bytes');
  });

  it('of strings stay below 32768 bytes, whatever the prefix could say', () => {
    const longest = '€'.repeat(10_922); // 32766 bytes
    for (const version of [0, 1]) {
      expect(decode(text, version, encode(text, version, { text: longest }))).toEqual({
        text: longest,
      });
      expect(() => encode(text, version, { text: `${longest}ab` })).toThrow('longer');
    }
    const tooLong = Buffer.concat([hex('818002'), Buffer.alloc(32_768, 'a'), hex('00')]);
    expect(() => decode(text, 1, tooLong)).toThrow(MalformedMessage);
  });
});

describe('strings and ids', () => {
  it('that look alike are told apart', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `topic-${i % 2500}-${i % 7}`);
    for (const name of [...names, 'é', 'e\u0301', '\ufffd', 'topic\0', '']) {
      for (const version of [0, 1]) {
        expect(decode(text, version, encode(text, version, { text: name })).text).toBe(name);
      }
    }
  });

  it('with invalid bytes become the replacement character, each time', () => {
    for (let again = 0; again < 3; again++) {
      expect(decode(text, 0, hex('0003 61ff62')).text).toBe('a\ufffdb');
    }
  });

  it('that are no ids are refused when encoding', () => {
    const id = defineMessage({ name: 'Id', versions: [0, 0], fields: { id: uuid } });
    expect(() => encode(id, 0, { id: 'short' })).toThrow('not a uuid');
    expect(() => encode(id, 0, { id: 'AAAAAAAAAA+AAAAAAAAAAA' })).toThrow('not a uuid');
    expect(() => encode(id, 0, { id: 'AAAAAAAAAAéAAAAAAAAAAA' })).toThrow('not a uuid');
  });
});

describe('records', () => {
  it('are a part of the frame, not a copy', () => {
    const batch = { buffer: Buffer.from('..batch..'), start: 2, end: 7 };
    const frame = encode(produce.request, 9, {
      transactionalId: null,
      acks: 1,
      timeoutMs: 1,
      topicData: [{ name: 't', partitionData: [{ index: 0, records: batch }] }],
    });
    const inside = Buffer.concat([Buffer.from('before'), frame, Buffer.from('behind')]);
    const range = { buffer: inside, start: 6, end: 6 + frame.length };
    const records = decode(produce.request, 9, range).topicData[0]!.partitionData[0]!.records!;
    expect(records.buffer).toBe(inside);
    expect(inside.toString('utf8', records.start, records.end)).toBe('batch');
  });

  it('of length zero are not null', () => {
    const response = (records: null | []) => ({
      throttleTimeMs: 0,
      responses: [
        {
          topic: 't',
          partitions: [
            {
              partitionIndex: 0,
              errorCode: 0,
              highWatermark: 0,
              abortedTransactions: null,
              records,
            },
          ],
        },
      ],
    });
    for (const version of [4, 12]) {
      const read = (records: null | []) =>
        decode(fetch.response, version, encode(fetch.response, version, response(records)))
          .responses[0]!.partitions[0]!.records;
      expect(read(null)).toBeNull();
      expect(read([])).toMatchObject({ start: expect.any(Number) });
    }
  });
});

describe('headers', () => {
  it('precede the body in the same frame', () => {
    const frame = Buffer.concat([
      encode(requestHeader, 2, {
        requestApiKey: 12,
        requestApiVersion: 4,
        correlationId: 7,
        clientId: 'client',
      }),
      encode(heartbeat.request, 4, { groupId: 'g', generationId: 1, memberId: 'm' }),
      Buffer.from('trailing'),
    ]);
    const reader = new WireReader({ buffer: frame, start: 0, end: frame.length });
    expect(decodeFrom(reader, requestHeader, 2)).toMatchObject({ clientId: 'client' });
    expect(decodeFrom(reader, heartbeat.request, 4)).toMatchObject({ groupId: 'g' });
    expect(reader.remaining).toBe('trailing'.length); // left alone, as by Kafka
  });

  it('keep the old form of the client id in version 2', () => {
    const header = { requestApiKey: 12, requestApiVersion: 4, correlationId: 7, clientId: 'a' };
    expect(encode(requestHeader, 2, header)).toEqual(hex('000c 0004 00000007 000161 00'));
  });

  it('are as new as the message, but for responses of ApiVersions', () => {
    expect(requestHeaderVersion(heartbeat, 3)).toBe(1);
    expect(requestHeaderVersion(heartbeat, 4)).toBe(2);
    expect(responseHeaderVersion(heartbeat, 3)).toBe(0);
    expect(responseHeaderVersion(heartbeat, 4)).toBe(1);
    expect(requestHeaderVersion(apiVersions, 3)).toBe(2);
    expect(responseHeaderVersion(apiVersions, 3)).toBe(0);
  });
});
