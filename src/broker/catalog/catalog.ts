import type { MetadataRecord } from './metadata-record.ts';
import type { MetadataImage } from './image.ts';

/** What a change wants written, and what its caller is told once it is. */
export interface Change<T> {
  readonly records: readonly MetadataRecord[];
  readonly result: T;
}

/**
 * The cluster's metadata: an ordered log of Kafka's metadata records, folded into images. Everything
 * that is cluster-wide changes through `transact` and nothing else.
 */
export interface Catalog {
  /** The newest image. */
  readonly image: MetadataImage;
  /**
   * Decides on the newest image and writes the records, atomically; transactions take turns.
   * When it resolves, `image` holds the change and all subscribers have seen it (so that, for one,
   * new partitions serve).
   * @throws whatever `decide` throws; nothing is written then
   */
  transact<T>(decide: (image: MetadataImage) => Change<T>): Promise<T>;
  /** Called, in order, for every new image; awaited by `transact`. Returns the unsubscriber. */
  subscribe(
    listener: (image: MetadataImage, before: MetadataImage) => void | Promise<void>,
  ): () => void;
  close(): Promise<void>;
}
