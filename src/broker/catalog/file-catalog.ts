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
import { applyRecords } from './apply-records.ts';
import type { Position } from './apply-records.ts';
import { metadataVersion, startRecords } from './bootstrap.ts';
import type { BootstrapOptions } from './bootstrap.ts';
import { formattedRecords, openDataFolder } from './data-folder.ts';
import type { DataFolderOptions, FolderIdentity } from './data-folder.ts';
import { FoldingCatalog } from './folding-catalog.ts';
import type { RecordLog } from './folding-catalog.ts';
import { emptyImage } from './image.ts';
import type { MetadataImage } from './image.ts';
import { recordsOfImage } from './image-records.ts';
import { leaderChangeBatch, metadataBatch } from './metadata-batches.ts';
import type { MetadataBatch } from './metadata-batches.ts';
import { MetadataLog, removeSegments } from './metadata-log.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { decodeQuorumState, encodeQuorumState } from './quorum-state.ts';
import {
  decodeSnapshot,
  encodeSnapshot,
  latestSnapshot,
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
   * @throws {UnusableFolder} a folder of another node or cluster, of an unknown format, or damaged
   */
  static async open(options: FileCatalogOptions): Promise<FileCatalog> {
    const identity = openDataFolder(options);
    const { disk, logger = silentLogger } = options;
    const folder = `${options.folder}/__cluster_metadata-0`;
    disk.makeDirectory(folder);
    const loaded = load(disk, folder, identity, logger);
    const begun = await begin(options, folder, loaded);
    const log = new FileRecordLog(options, folder, loaded.log, begun);
    return new FileCatalog(begun.image, log, logger, identity.directoryId);
  }
}

interface LoadedCatalog {
  readonly log: MetadataLog;
  readonly image: MetadataImage;
  /** Epochs of the log and where they begin, for `leader-epoch-checkpoint`. */
  readonly epochs: readonly EpochEntry[];
  readonly lastTimestamp: number;
  /** The last transaction of several batches was never finished. */
  readonly endsInTransaction: boolean;
  readonly bytesSinceSnapshot: number;
}

function load(disk: Disk, folder: string, identity: FolderIdentity, logger: Logger): LoadedCatalog {
  const snapshot = latestSnapshot(disk, folder);
  const start = imageOfSnapshot(disk, folder, identity, snapshot);
  const { log, batches } = openLog(disk, folder, start.offset + 1, logger);
  const fold = foldBatches(start, batches);
  requireKnownMetadataVersion(fold.image, folder);
  const epochs = epochStarts(batches, snapshot);
  const behind = batches.filter(({ lastOffset }) => lastOffset > start.offset);
  return {
    log,
    image: fold.image,
    epochs,
    lastTimestamp: batches.at(-1)?.maxTimestamp ?? 0,
    endsInTransaction: fold.endsInTransaction,
    bytesSinceSnapshot: behind.reduce((sum, { sizeInBytes }) => sum + sizeInBytes, 0),
  };
}

function imageOfSnapshot(
  disk: Disk,
  folder: string,
  { clusterId }: FolderIdentity,
  snapshot: SnapshotId | undefined,
): MetadataImage {
  const empty = emptyImage(clusterId);
  if (snapshot === undefined) return empty;
  const path = `${folder}/${snapshotName(snapshot)}`;
  const { endOffset, epoch } = snapshot;
  const records = decodeSnapshot(disk.readFile(path), path);
  return applyRecords(empty, records, { offset: endOffset - 1, epoch });
}

/** @param startOffset  end of the snapshot: what comes before it is not needed */
function openLog(
  disk: Disk,
  folder: string,
  startOffset: number,
  logger: Logger,
): ReturnType<typeof MetadataLog.open> {
  const opened = MetadataLog.open(disk, folder, startOffset, logger);
  const firstOffset = opened.batches[0]?.baseOffset ?? opened.log.endOffset;
  if (firstOffset > startOffset) {
    throw new UnusableFolder(`${folder} lacks the records from ${startOffset} to ${firstOffset}`);
  }
  if (opened.log.endOffset >= startOffset) return opened;
  opened.log.close(); // the snapshot is newer than the log, which is of no use then
  removeSegments(disk, folder);
  return MetadataLog.open(disk, folder, startOffset, logger);
}

/** Applies what comes behind an image; a transaction over several batches counts when it ended. */
function foldBatches(
  start: MetadataImage,
  batches: readonly MetadataBatch[],
): { image: MetadataImage; endsInTransaction: boolean } {
  const committed: MetadataRecord[] = [];
  let position: Position = { offset: start.offset, epoch: start.epoch };
  let open: MetadataRecord[] | undefined;
  for (const batch of batches) {
    if (batch.lastOffset <= start.offset) continue;
    position = { offset: batch.lastOffset, epoch: batch.epoch };
    for (const record of batch.records) {
      if (record.type === 'BeginTransactionRecord') open = [];
      else if (record.type === 'AbortTransactionRecord') open = undefined;
      else if (record.type === 'EndTransactionRecord') {
        committed.push(...(open ?? []));
        open = undefined;
      } else (open ?? committed).push(record);
    }
  }
  const image = applyRecords(start, committed, position);
  return { image, endsInTransaction: open !== undefined };
}

function requireKnownMetadataVersion(image: MetadataImage, folder: string): void {
  const level = image.features.get('metadata.version');
  if (level !== undefined && level > metadataVersion) {
    throw new UnusableFolder(
      `${folder} has metadata.version ${level}; up to ${metadataVersion} is supported`,
    );
  }
}

function epochStarts(
  batches: readonly MetadataBatch[],
  snapshot: SnapshotId | undefined,
): EpochEntry[] {
  const starts: EpochEntry[] = [];
  if (batches.length === 0 && snapshot !== undefined) {
    starts.push({ epoch: snapshot.epoch, startOffset: snapshot.endOffset });
  }
  for (const { epoch, baseOffset } of batches) {
    if (starts.at(-1)?.epoch !== epoch) starts.push({ epoch, startOffset: baseOffset });
  }
  return starts;
}

interface BegunCatalog {
  readonly image: MetadataImage;
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
  { log, image, epochs, endsInTransaction, bytesSinceSnapshot }: LoadedCatalog,
): Promise<BegunCatalog> {
  const { disk, nodeId, clock } = options;
  const epoch = Math.max(lastUsedEpoch(disk, folder), image.epoch) + 1;
  const startOffset = log.endOffset;
  const timestamp = clock.wallMs();
  const identityPath = `${folder}/${identityFile}`;
  if (!disk.exists(identityPath)) writeIdentity(disk, identityPath, metadataTopicId, true);
  writeAtomically(disk, folder, 'quorum-state', Buffer.from(encodeQuorumState(nodeId, epoch)));
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
    epoch,
    timestamp,
    epochs: allEpochs,
    bytesSinceSnapshot: batches.reduce((sum, { length }) => sum + length, bytesSinceSnapshot),
  };
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
  return [...records, ...formattedRecords(options.disk, options.folder), ...startRecords(options)];
}

function lastUsedEpoch(disk: Disk, folder: string): number {
  const path = `${folder}/quorum-state`;
  return disk.exists(path) ? decodeQuorumState(disk.readFile(path).toString(), path) : 0;
}

/** Appends to the log of the present epoch, and replaces it by a snapshot when it has grown. */
class FileRecordLog implements RecordLog {
  #bytesSinceSnapshot: number;
  #lastTimestamp: number;
  #failed: KafkaError | undefined;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #snapshotAfterBytes: number;
  readonly #epoch: number;

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
    this.#epoch = begun.epoch;
    this.#lastTimestamp = begun.timestamp;
    this.#bytesSinceSnapshot = begun.bytesSinceSnapshot;
  }

  async append(records: readonly MetadataRecord[]): Promise<Position> {
    if (this.#failed !== undefined) throw this.#failed;
    this.#lastTimestamp = this.#clock.wallMs();
    const batch = metadataBatch(records, {
      baseOffset: this.log.endOffset,
      epoch: this.#epoch,
      timestamp: this.#lastTimestamp,
    });
    try {
      await this.log.append([batch], records.length);
    } catch (error) {
      // What is on disk now is not known: only a new start, which reads it, may go on.
      this.#logger.error('the metadata log cannot be written', { error });
      this.#failed = new KafkaError('KAFKA_STORAGE_ERROR', 'the metadata log cannot be written');
      throw this.#failed;
    }
    this.#bytesSinceSnapshot += batch.length;
    return { offset: this.log.endOffset - 1, epoch: this.#epoch };
  }

  applied(image: MetadataImage): Promise<void> {
    if (this.#bytesSinceSnapshot >= this.#snapshotAfterBytes) this.#snapshot(image);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.log.close();
    return Promise.resolve();
  }

  /** The log alone is complete too, so a snapshot that fails is only tried again later. */
  #snapshot(image: MetadataImage): void {
    const id: SnapshotId = { endOffset: image.offset + 1, epoch: image.epoch };
    this.#bytesSinceSnapshot = 0;
    try {
      const bytes = encodeSnapshot(recordsOfImage(image), {
        epoch: image.epoch,
        lastContained: this.#lastTimestamp,
        now: this.#clock.wallMs(),
      });
      writeAtomically(this.#disk, this.folder, snapshotName(id), bytes);
      this.#disk.syncDirectory(this.folder);
      this.log.startAfresh();
      const start = { epoch: id.epoch, startOffset: id.endOffset };
      writeEpochs(this.#disk, `${this.folder}/${epochFile}`, [start]);
      removeSnapshotsBefore(this.#disk, this.folder, id);
    } catch (error) {
      this.#logger.error('no snapshot of the metadata could be written', { error });
    }
  }
}
