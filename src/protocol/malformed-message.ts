/** Bytes that do not parse. There is no safe reply: whoever sent them loses the connection. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}
