import { KafkaError } from '../../protocol/kafka-error.ts';
import type { Logger } from '../../host/logger.ts';
import { applyRecords } from './apply-records.ts';
import type { Position } from './apply-records.ts';
import type { Catalog, Change } from './catalog.ts';
import type { MetadataImage } from './image.ts';
import type { MetadataRecord } from './metadata-record.ts';

type Listener = (image: MetadataImage, before: MetadataImage) => void | Promise<void>;

/** Where the records go. */
export interface RecordLog {
  /** Writes the records as one; resolves when they cannot be lost any more. */
  append(records: readonly MetadataRecord[]): Promise<Position>;
  /** Told of every new image, in order: the moment for a snapshot. */
  applied?(image: MetadataImage): Promise<void>;
  close(): Promise<void>;
}

/** The catalog over any log: turns, fold, subscribers. */
export class FoldingCatalog implements Catalog {
  #image: MetadataImage;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;
  readonly #listeners = new Set<Listener>();

  constructor(
    image: MetadataImage,
    private readonly log: RecordLog,
    private readonly logger: Logger,
  ) {
    this.#image = image;
  }

  get image(): MetadataImage {
    return this.#image;
  }

  transact<T>(decide: (image: MetadataImage) => Change<T>): Promise<T> {
    if (this.#closed !== undefined) {
      return Promise.reject(new KafkaError('KAFKA_STORAGE_ERROR', 'the catalog is closed'));
    }
    const turn = this.#lastTurn.then(() => this.#change(decide));
    this.#lastTurn = turn.catch(() => undefined); // its caller hears of it
    return turn;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#lastTurn.then(() => this.log.close());
    return this.#closed;
  }

  async #change<T>(decide: (image: MetadataImage) => Change<T>): Promise<T> {
    const before = this.#image;
    const { records, result } = decide(before);
    if (records.length === 0) return result;
    const position = await this.log.append(records);
    this.#image = applyRecords(before, records, position);
    for (const listener of [...this.#listeners]) await this.#tell(listener, before);
    await this.log.applied?.(this.#image);
    return result;
  }

  /** What is written is written: a subscriber that fails is a bug of its own, not the caller's. */
  async #tell(listener: Listener, before: MetadataImage): Promise<void> {
    try {
      await listener(this.#image, before);
    } catch (error) {
      this.logger.error('a subscriber of the catalog failed', { error });
    }
  }
}
