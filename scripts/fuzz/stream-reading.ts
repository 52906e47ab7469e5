import { fetch } from '../../src/protocol/messages/fetch.ts';
import { joinGroup } from '../../src/protocol/messages/join-group.ts';
import { requestHeader } from '../../src/protocol/messages/request-header.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import { syncGroup } from '../../src/protocol/messages/sync-group.ts';
import { includes, requestHeaderVersion } from '../../src/protocol/schema.ts';
import { decodeFrom } from '../../src/protocol/codec.ts';
import { WireReader } from '../../src/protocol/wire-reader.ts';

/** Kafka's `socket.request.max.bytes`. */
const maxFrameBytes = 104_857_600;
/** A Fetch that wants to wait for longer than this is not waited for. */
const patienceMs = 500;

/** A frame as its reader sees it. */
export interface Frame {
  readonly key: number;
  readonly version: number;
  readonly correlationId: number;
  readonly body: Buffer;
}

/** What a stream of bytes holds. */
export interface Reading {
  readonly frames: readonly Frame[];
  /**
   * `whole`: the last frame is complete. `cut`: more is to come. `broken`: a length that cannot be.
   */
  readonly end: 'whole' | 'cut' | 'broken';
}

export function readStream(stream: Buffer): Reading {
  const frames: Frame[] = [];
  let at = 0;
  while (at < stream.length) {
    if (stream.length - at < 4) return { frames, end: 'cut' };
    const length = stream.readInt32BE(at);
    if (length < 0 || length > maxFrameBytes) return { frames, end: 'broken' };
    at += 4;
    if (stream.length - at < length) return { frames, end: 'cut' };
    frames.push(frameOf(stream.subarray(at, at + length)));
    at += length;
  }
  return { frames, end: 'whole' };
}

function frameOf(body: Buffer): Frame {
  if (body.length < 8) return { key: -1, version: -1, correlationId: -1, body };
  return {
    key: body.readInt16BE(0),
    version: body.readInt16BE(2),
    correlationId: body.readInt32BE(4),
    body,
  };
}

/** Whether the broker may rightly let this request wait: for data, or for other members. */
export function mayPark({ key, version, body }: Frame): boolean {
  if (key === joinGroup.key || key === syncGroup.key) return true;
  if (key !== fetch.key || !includes(fetch.versions, version)) return false;
  try {
    const reader = new WireReader({ buffer: body, start: 0, end: body.length });
    decodeFrom(reader, requestHeader, requestHeaderVersion(fetch, version));
    return decodeFrom(reader, fetch.request, version).maxWaitMs > patienceMs;
  } catch {
    return false; // malformed: the connection must close
  }
}

/** Whether no answer is due: Produce with acks=0, which cannot be told from a torn one cheaply. */
export const mayBeSilent = ({ key }: Frame): boolean => key === produce.key;
