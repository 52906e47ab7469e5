/** Bytes that do not parse. There is no safe reply: whoever sent them loses the connection. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** It has more bytes than the limit once decompressed; or may have: nobody has looked further. */
export class BeyondLimit extends MalformedMessage {}
