import type { Clock } from '../../host/clock.ts';
import type { Disk } from '../../host/disk.ts';
import { silentLogger } from '../../host/logger.ts';
import type { Logger } from '../../host/logger.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { metadataTopicId } from '../../protocol/uuid.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import { writeEpochs, writeIdentity } from '../../storage/disk/checkpoint-files.ts';
import { epochFile, identityFile } from '../../storage/disk/file-names.ts';
import type { EpochEntry } from '../../storage/epoch-cache.ts';
import { withCause } from '../../storage/storage-failure.ts';
import { applyRecords } from './apply-records.ts';
import type { Position } from './apply-records.ts';
import { withFirstStart } from './bootstrap.ts';
import type { BootstrapOptions } from './bootstrap.ts';
import { metadataVersionOf, writtenAt } from './feature-levels.ts';
import { formattedRecords, openDataFolder } from './data-folder.ts';
import type { DataFolderOptions } from './data-folder.ts';
import { FoldingCatalog } from './folding-catalog.ts';
import type { RecordLog } from './folding-catalog.ts';
import type { MetadataImage } from './image.ts';
import { recordsOfImage } from './image-records.ts';
import { inspectFolder } from './inspect-folder.ts';
import type { FoundFolder } from './inspect-folder.ts';
import { leaderChangeBatch, metadataBatch } from './metadata-batches.ts';
import { MetadataLog, removeSegments } from './metadata-log.ts';
import type { MetadataRecord } from './metadata-record.ts';
import type { Quorum } from './quorum.ts';
import { encodeQuorumState } from './quorum-state.ts';
import { metadataFolder, quorumStateFile } from './read-catalog.ts';
import type { FoundCatalog } from './read-catalog.ts';
import {
  encodeSnapshot,
  removeLeftovers,
  removeSnapshotsBefore,
  snapshotName,
  writeAtomically,
} from './snapshot-file.ts';
import type { SnapshotId } from './snapshot-file.ts';
import { UnusableFolder } from './unusable-folder.ts';

export interface FileCatalogOptions extends DataFolderOptions, BootstrapOptions {
  readonly logger?: Logger;
  /** A snapshot is written, and the log before it removed, whenever this much was appended. */
  readonly snapshotAfterBytes?: number;
}

/** Little enough to be read again in a few milliseconds at the next start. */
const defaultSnapshotAfterBytes = 2 * 1024 * 1024;

/** A catalog in a data folder, in Kafka's own files. */
export class FileCatalog extends FoldingCatalog {
  private constructor(
    image: MetadataImage,
    log: RecordLog,
    logger: Logger,
    /** Id of the folder: the first broker's log directory. */
    readonly directoryId: Uuid,
  ) {
    super(image, log, logger);
  }

  /**
   * Opens the catalog of a data folder, which is formatted when it is empty, and begins a new
   * leader epoch in it.
   *
   * @param found  what an inspection found, if there was one already
   * @throws {UnusableFolder} a folder of another node or cluster, of an unknown format, or damaged
   */
  static async open(
    options: FileCatalogOptions,
    found: FoundFolder = inspectFolder(options),
  ): Promise<FileCatalog> {
    const identity = openDataFolder(options, found.meta);
    const { disk, logger = silentLogger } = options;
    const folder = metadataFolder(options.folder);
    disk.makeDirectory(folder);
    removeLeftovers(disk, folder);
    const image = { ...found.catalog.image, clusterId: identity.clusterId };
    const catalog = { ...found.catalog, image };
    if (catalog.isLogBehindSnapshot) removeSegments(disk, folder);
    const log = MetadataLog.open(disk, folder, catalog.log, logger);
    const begun = await begin(options, folder, catalog, log);
    const recordLog = new FileRecordLog(options, folder, log, begun);
    return new FileCatalog(begun.image, recordLog, logger, identity.directoryId);
  }
}

interface BegunCatalog {
  readonly image: MetadataImage;
  readonly quorum: Quorum;
  readonly epoch: number;
  readonly timestamp: number;
  readonly epochs: readonly EpochEntry[];
  readonly bytesSinceSnapshot: number;
}

/**
 * Begins a new epoch: first it is used up (`quorum-state`), then the log says who leads in it. A
 * new log goes on with what it was formatted with.
 */
async function begin(
  options: FileCatalogOptions,
  folder: string,
  { image, quorum, epochs, usedEpoch, endsInTransaction, bytesSinceSnapshot }: FoundCatalog,
  log: MetadataLog,
): Promise<BegunCatalog> {
  const { disk, nodeId, clock } = options;
  const epoch = Math.max(usedEpoch, image.epoch) + 1;
  const startOffset = log.endOffset;
  const timestamp = clock.wallMs();
  makeFolder(disk, folder, quorum, nodeId, epoch);
  const allEpochs = [...epochs, { epoch, startOffset }];
  writeEpochs(disk, `${folder}/${epochFile}`, allEpochs);

  const records = firstRecords(options, image, endsInTransaction);
  const batches = [leaderChangeBatch(nodeId, { baseOffset: startOffset, epoch, timestamp })];
  if (records.length > 0) {
    batches.push(metadataBatch(records, { baseOffset: startOffset + 1, epoch, timestamp }));
  }
  await log.append(batches, 1 + records.length);
  return {
    image: applyRecords(image, records, { offset: log.endOffset - 1, epoch }),
    quorum,
    epoch,
    timestamp,
    epochs: allEpochs,
    bytesSinceSnapshot: batches.reduce((sum, { length }) => sum + length, bytesSinceSnapshot),
  };
}

/** Makes the log's folder where it is not there, and notes that an epoch is used up. */
function makeFolder(
  disk: Disk,
  folder: string,
  quorum: Quorum,
  nodeId: number,
  epoch: number,
): void {
  disk.makeDirectory(folder);
  disk.syncDirectory(folder.slice(0, folder.lastIndexOf('/')));
  const identityPath = `${folder}/${identityFile}`;
  if (!disk.exists(identityPath)) writeIdentity(disk, identityPath, metadataTopicId, true);
  const state = encodeQuorumState(quorum, nodeId, epoch);
  writeAtomically(disk, folder, quorumStateFile, Buffer.from(state));
}

function firstRecords(
  options: FileCatalogOptions,
  image: MetadataImage,
  endsInTransaction: boolean,
): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  if (endsInTransaction) {
    const reason = 'Controller failover'; // as Kafka words it
    records.push({ type: 'AbortTransactionRecord', version: 0, data: { reason } });
  }
  if (image.features.has('metadata.version')) return records;
  const formatted = formattedRecords(options.disk, options.folder);
  return [...records, ...withFirstStart(formatted, options)];
}

/** Appends to the log of the present epoch, and replaces it by a snapshot when it has grown. */
class FileRecordLog implements RecordLog {
  #bytesSinceSnapshot: number;
  #lastTimestamp: number;
  /** An append failed: what is on disk behind the last good one is not known. */
  #isInDoubt = false;
  /** Whether the latest write failed. */
  #isFailing = false;
  #image: MetadataImage;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #snapshotAfterBytes: number;
  readonly #nodeId: number;
  readonly #epoch: number;
  readonly #quorum: Quorum;
  #metadataVersion: number;

  constructor(
    options: FileCatalogOptions,
    private readonly folder: string,
    private readonly log: MetadataLog,
    begun: BegunCatalog,
  ) {
    this.#disk = options.disk;
    this.#clock = options.clock;
    this.#logger = options.logger ?? silentLogger;
    this.#snapshotAfterBytes = options.snapshotAfterBytes ?? defaultSnapshotAfterBytes;
    this.#nodeId = options.nodeId;
    this.#epoch = begun.epoch;
    this.#quorum = begun.quorum;
    this.#metadataVersion = metadataVersionOf(begun.image);
    this.#image = begun.image;
    this.#lastTimestamp = begun.timestamp;
    this.#bytesSinceSnapshot = begun.bytesSinceSnapshot;
  }

  async append(records: readonly MetadataRecord[]): Promise<Position> {
    if (this.#isInDoubt) await this.#settleDoubt();
    this.#lastTimestamp = this.#clock.wallMs();
    const batch = metadataBatch(this.#written(records), {
      baseOffset: this.log.endOffset,
      epoch: this.#epoch,
      timestamp: this.#lastTimestamp,
    });
    try {
      await this.log.append([batch], records.length);
    } catch (error) {
      this.#noteFailure(error);
      this.#isInDoubt = true;
      // At once, so that a crash does not bring back what is refused here; else before the next one.
      await this.#settleDoubt().catch(() => undefined);
      throw refusal(error);
    }
    this.#noteSuccess();
    this.#bytesSinceSnapshot += batch.length;
    return { offset: this.log.endOffset - 1, epoch: this.#epoch };
  }

  /** One line when it begins and one when it ends: clients try again all the time. */
  #noteFailure(error: unknown): void {
    const level = this.#isFailing ? 'debug' : 'error';
    this.#isFailing = true;
    this.#logger[level]('the metadata log cannot be written', { folder: this.folder, error });
  }

  #noteSuccess(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#logger.info('the metadata log can be written again', { folder: this.folder });
  }

  /** @throws {KafkaError} KAFKA_STORAGE_ERROR while the disk does not let the log be made good */
  async #settleDoubt(): Promise<void> {
    try {
      await this.log.restore();
    } catch (error) {
      if (!(error instanceof UnusableFolder)) throw refusal(error);
      this.#rebuild(error);
    }
    this.#isInDoubt = false;
  }

  /** Somebody removed the log under us. All of it is in memory, too. */
  #rebuild(reason: UnusableFolder): void {
    this.#logger.error('the metadata log is lost, and written anew from memory', {
      reason: reason.message,
    });
    try {
      makeFolder(this.#disk, this.folder, this.#quorum, this.#nodeId, this.#epoch);
      this.#writeSnapshot(this.#image);
    } catch (error) {
      throw refusal(error);
    }
  }

  applied(image: MetadataImage): Promise<void> {
    this.#image = image;
    this.#metadataVersion = metadataVersionOf(image);
    if (this.#bytesSinceSnapshot >= this.#snapshotAfterBytes) this.#snapshot(image);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.log.close();
    return Promise.resolve();
  }

  #written(records: readonly MetadataRecord[]): MetadataRecord[] {
    return records.map((record) => writtenAt(this.#metadataVersion, record));
  }

  /** The log alone is complete too, so a snapshot that fails is only tried again later. */
  #snapshot(image: MetadataImage): void {
    this.#bytesSinceSnapshot = 0;
    try {
      this.#writeSnapshot(image);
    } catch (error) {
      this.#logger.error('no snapshot of the metadata could be written', { error });
    }
  }

  #writeSnapshot(image: MetadataImage): void {
    const id: SnapshotId = { endOffset: image.offset + 1, epoch: image.epoch };
    const times = {
      epoch: image.epoch,
      lastContained: this.#lastTimestamp,
      now: this.#clock.wallMs(),
    };
    const bytes = encodeSnapshot(this.#written([...recordsOfImage(image)]), times, this.#quorum);
    writeAtomically(this.#disk, this.folder, snapshotName(id), bytes);
    this.#disk.syncDirectory(this.folder);
    this.log.startAfresh();
    const start = { epoch: id.epoch, startOffset: id.endOffset };
    writeEpochs(this.#disk, `${this.folder}/${epochFile}`, [start]);
    removeSnapshotsBefore(this.#disk, this.folder, id);
  }
}

/** What whoever wanted a change hears. */
function refusal(cause: unknown): KafkaError {
  const words = withCause('the metadata log cannot be written', cause);
  return new KafkaError('KAFKA_STORAGE_ERROR', words);
}
