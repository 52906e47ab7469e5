import { KafkaError } from '../../protocol/kafka-error.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import type { PartitionImage } from '../catalog/image.ts';
import type {
  AppendOptions,
  AppendTicket,
  LogSettings,
  PartitionLog,
} from '../../storage/partition-log.ts';
import type { ByteRange } from '../../protocol/byte-range.ts';

/** What the leader of a partition needs from its topic's configuration. */
export interface LeaderSettings {
  readonly log: LogSettings;
  readonly minInsyncReplicas: number;
}

/** Told that more of a partition can be read, or that nothing more will come. */
export interface PartitionWatcher {
  onAdvance(): void;
}

const noEpoch = -1;
/** Acks values of a Produce request. */
const acksAll = -1;

/**
 * A partition this broker leads: the place for what only a leader may do or know. It ends with the
 * leadership; the next one is a new object at a higher epoch.
 */
export class LedPartition {
  private readonly watchers = new Set<PartitionWatcher>();
  private readonly stopListening: () => void;
  /** End of the log when this leadership began. */
  private readonly firstOffset: number;
  private isOver = false;
  private hasFailed = false;

  constructor(
    readonly topicId: Uuid,
    readonly topicName: string,
    readonly partition: number,
    readonly log: PartitionLog,
    private image: PartitionImage,
    private currentSettings: LeaderSettings,
    private readonly onFailure: (led: LedPartition) => void,
  ) {
    this.firstOffset = log.logEndOffset;
    this.stopListening = log.onAdvance(() => this.onAdvance());
  }

  get leaderEpoch(): number {
    return this.image.leaderEpoch;
  }

  get settings(): LeaderSettings {
    return this.currentSettings;
  }

  /** A new image of the same leadership: the ISR may have changed. */
  updateImage(image: PartitionImage): void {
    this.image = image;
  }

  updateSettings(settings: LeaderSettings): void {
    this.currentSettings = settings;
    this.log.updateSettings(settings.log);
  }

  /**
   * @param epoch  the client's idea of the leader epoch; -1: it has none
   * @throws {KafkaError} FENCED_LEADER_EPOCH when it is older, UNKNOWN_LEADER_EPOCH when newer
   */
  checkEpoch(epoch: number): void {
    if (epoch === noEpoch || epoch === this.leaderEpoch) return;
    throw new KafkaError(
      epoch < this.leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH',
      `leader epoch ${epoch}; the current one of ${this.topicName}-${this.partition} is ${this.leaderEpoch}`,
    );
  }

  /**
   * Appends one batch of a client.
   *
   * @param verification  of a transactional batch
   * @throws {KafkaError} NOT_ENOUGH_REPLICAS, or what the log says
   */
  append(
    records: ByteRange,
    acks: number,
    verification?: AppendOptions['verification'],
    isAccepted = false,
  ): AppendTicket {
    if (acks === acksAll) this.requireReplicas();
    const { leaderEpoch } = this;
    return this.log.append(records, { leaderEpoch, origin: 'client', verification, isAccepted });
  }

  /**
   * Writes the marker that ends a transaction, and waits for it.
   *
   * @throws {KafkaError} NOT_ENOUGH_REPLICAS, or what the log says
   */
  async appendMarker(marker: Buffer, transactionVersion: number): Promise<void> {
    this.requireReplicas();
    const { leaderEpoch } = this;
    const records = { buffer: marker, start: 0, end: marker.length };
    await this.log.append(records, { leaderEpoch, origin: 'coordinator', transactionVersion })
      .commit.done;
  }

  private requireReplicas(): void {
    if (this.hasEnoughReplicas()) return;
    throw new KafkaError(
      'NOT_ENOUGH_REPLICAS',
      `The size of the current ISR : ${this.image.isr.length} is insufficient to satisfy the ` +
        `min.isr requirement of ${this.currentSettings.minInsyncReplicas} for partition ` +
        `${this.topicName}-${this.partition}, live replica(s) broker.id are : ${this.image.isr.join(',')}`,
    );
  }

  /**
   * False while the records of leaders before this one are not known to be committed: until then
   * nobody can say where the partition ends.
   */
  get knowsHighWatermark(): boolean {
    return this.log.highWatermark >= this.firstOffset;
  }

  /** Kafka counts replicas, not brokers that are up; a topic may have fewer of them than asked. */
  hasEnoughReplicas(): boolean {
    const { minInsyncReplicas } = this.currentSettings;
    return this.image.isr.length >= Math.min(minInsyncReplicas, this.image.replicas.length);
  }

  watch(watcher: PartitionWatcher): void {
    if (this.isOver) watcher.onAdvance();
    else this.watchers.add(watcher);
  }

  unwatch(watcher: PartitionWatcher): void {
    this.watchers.delete(watcher);
  }

  /** Whether this object still speaks for the partition. */
  get leads(): boolean {
    return !this.isOver;
  }

  /** The leadership is over: whoever waits here looks again, and finds another leader. */
  resign(): void {
    this.isOver = true;
    this.stopListening();
    this.wakeWatchers();
    this.watchers.clear();
  }

  private onAdvance(): void {
    this.wakeWatchers();
    if (this.log.failure === undefined || this.isOver || this.hasFailed) return;
    this.hasFailed = true;
    this.onFailure(this);
  }

  private wakeWatchers(): void {
    for (const watcher of this.watchers) watcher.onAdvance();
  }
}
