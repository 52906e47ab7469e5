declare module 'crc-32/crc32c.js' {
  const portable: { buf(bytes: Uint8Array, seed?: number): number };
  export default portable;
}
