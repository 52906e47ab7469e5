import { WireWriter } from '../../protocol/wire-writer.ts';
import type { MetadataImage } from '../catalog/image.ts';

/** As much as all topics of a cluster of 100,000 partitions are in two versions. */
const mostKeptBytes = 8 * 1024 * 1024;
/** What an entry takes beside its key and its body, roughly. */
const entryBytes = 256;

/**
 * Answers of one broker that depend on nothing but the image and on what was asked: encoded once,
 * and kept until the image is another one. When they become too many, it begins anew.
 */
export class EncodedAnswers {
  private image: MetadataImage | undefined;
  private readonly bodies = new Map<string, Buffer>();
  private bytes = 0;
  private readonly writer = new WireWriter();

  /**
   * @param key  everything beside the image that the answer depends on
   * @returns    never changes: for as many sockets at once as want it
   */
  find(image: MetadataImage, key: string): Buffer | undefined {
    if (image !== this.image) {
      this.clear();
      this.image = image;
    }
    return this.bodies.get(key);
  }

  /**
   * Keeps an answer of the image that `find` was asked about last.
   *
   * @param write  no record batches
   */
  add(key: string, write: (writer: WireWriter) => void): Buffer {
    const body = this.encode(write);
    this.keep(key, body);
    return body;
  }

  private encode(write: (writer: WireWriter) => void): Buffer {
    const { writer } = this;
    try {
      write(writer);
      // Not of Node's pool: a few bytes would keep all of a piece of it alive.
      const body = Buffer.allocUnsafeSlow(writer.pos);
      writer.buffer.copy(body, 0, 0, writer.pos);
      return body;
    } finally {
      writer.reset();
    }
  }

  private keep(key: string, body: Buffer): void {
    const bytes = entryBytes + key.length + body.length;
    if (bytes > mostKeptBytes) return;
    if (this.bytes + bytes > mostKeptBytes) this.clear();
    this.bodies.set(key, body);
    this.bytes += bytes;
  }

  private clear(): void {
    this.bodies.clear();
    this.bytes = 0;
  }
}
