import * as zstdWasm from '@bokuweb/zstd-wasm';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import * as lz4 from 'lz4-napi';
import * as snappy from 'snappy';

/** What kafkajs hands to a codec: its own growing buffer. */
interface Encoder {
  readonly buffer: Buffer;
}

/** Gives kafkajs, which brings gzip only, the codecs that its users add from packages. */
export async function addCodecs(): Promise<void> {
  await zstdWasm.init();
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: async (encoder: Encoder) => snappy.compress(encoder.buffer),
    decompress: async (bytes: Buffer) => readSnappy(bytes),
  });
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: async (encoder: Encoder) => lz4.compressFrame(encoder.buffer),
    decompress: async (bytes: Buffer) => lz4.decompressFrame(bytes),
  });
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async (encoder: Encoder) => Buffer.from(zstdWasm.compress(encoder.buffer)),
    decompress: async (bytes: Buffer) => Buffer.from(zstdWasm.decompress(bytes)),
  });
}

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);

/** Snappy as Java writes it (blocks behind a header of 16 bytes, each with its length) or as one raw block. */
async function readSnappy(bytes: Buffer): Promise<Buffer> {
  if (!bytes.subarray(0, 8).equals(XERIAL_MAGIC))
    return Buffer.from(await snappy.uncompress(bytes));
  const blocks: Buffer[] = [];
  for (let at = 16; at < bytes.length;) {
    const length = bytes.readInt32BE(at);
    const block = await snappy.uncompress(bytes.subarray(at + 4, at + 4 + length));
    blocks.push(Buffer.from(block));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}
