import type { Logger } from '../../host/logger.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import type { LogStore } from '../../storage/log-store.ts';
import type { MetadataImage, PartitionImage, TopicImage } from '../catalog/image.ts';
import { configKey } from '../catalog/image.ts';
import { LedPartition, type LeaderSettings } from './led-partition.ts';

/** Hears which partitions of an internal topic begin and end here (coordinators do). */
export interface LeadershipObserver {
  readonly topicName: string;
  /** Awaited before the partition serves. */
  onLeadership(led: LedPartition): void | Promise<void>;
  onResignation(partition: number): void | Promise<void>;
}

/** Who leads what, and since when. */
export type Leadership = Pick<LedPartition, 'topicId' | 'topicName' | 'partition' | 'leaderEpoch'>;

export type SettingsOf = (image: MetadataImage, topicName: string) => LeaderSettings;

/** A topic as last seen, and which of its partitions are led here. */
interface KnownTopic {
  image: TopicImage;
  readonly led: (LedPartition | undefined)[];
}

/** Logs opened at the same time when many leaderships begin at once. */
const opensAtOnce = 64;

/**
 * Which partitions this broker leads: it follows the catalog's images, opens logs when a leadership
 * begins and lets go when it ends.
 */
export class LedPartitions {
  private image: MetadataImage;
  private readonly byId = new Map<Uuid, KnownTopic>();
  private readonly byName = new Map<string, KnownTopic>();

  constructor(
    private readonly nodeId: number,
    emptyImage: MetadataImage,
    private readonly store: LogStore,
    private readonly settingsOf: SettingsOf,
    private readonly observers: readonly LeadershipObserver[],
    /** A log takes no more appends, or cannot be opened: it needs a new leadership. */
    private readonly onFailure: (failed: Leadership) => void,
    private readonly logger: Logger,
  ) {
    this.image = emptyImage;
  }

  /** The image that has been applied. */
  get applied(): MetadataImage {
    return this.image;
  }

  /**
   * The partition, if it is led here.
   * @throws {KafkaError} UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER
   */
  lead(topicName: string, partition: number): LedPartition {
    const topic = this.byName.get(topicName);
    return topic?.led[partition] ?? refuse(topic, topicName, partition);
  }

  /**
   * As `lead`, for clients that go by id.
   * @throws {KafkaError} UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER
   */
  leadById(topicId: Uuid, partition: number): LedPartition {
    const topic = this.byId.get(topicId);
    if (topic === undefined) throw new KafkaError('UNKNOWN_TOPIC_ID', `no topic has id ${topicId}`);
    return topic.led[partition] ?? refuse(topic, topic.image.name, partition);
  }

  /** Name of a topic, by its id. */
  nameOf(topicId: Uuid): string | undefined {
    return this.byId.get(topicId)?.image.name;
  }

  *all(): Generator<LedPartition, void, void> {
    for (const { led } of this.byId.values()) {
      for (const partition of led) if (partition !== undefined) yield partition;
    }
  }

  /** Brings what is led here in line with an image. Resolves when all that is new serves. */
  async apply(image: MetadataImage): Promise<void> {
    const before = this.image;
    this.image = image;
    if (image.topicsById !== before.topicsById) {
      await this.dropTopics(image);
      const begin: (() => Promise<void>)[] = [];
      for (const topic of image.topicsById.values()) await this.applyTopic(topic, begin);
      for (let i = 0; i < begin.length; i += opensAtOnce) {
        await Promise.all(begin.slice(i, i + opensAtOnce).map((open) => open()));
      }
    }
    if (image.configs !== before.configs) this.applySettings(image, before);
  }

  /** Lets go of everything. */
  async resignAll(): Promise<void> {
    for (const topic of this.byId.values()) {
      for (const led of topic.led) if (led !== undefined) await this.end(topic, led);
    }
  }

  private async dropTopics(image: MetadataImage): Promise<void> {
    for (const [topicId, topic] of [...this.byId]) {
      if (image.topicsById.has(topicId)) continue;
      this.byId.delete(topicId);
      // A new topic of the same name may be here already.
      if (this.byName.get(topic.image.name) === topic) this.byName.delete(topic.image.name);
      for (const led of topic.led) if (led !== undefined) await this.end(topic, led);
    }
  }

  private async applyTopic(image: TopicImage, begin: (() => Promise<void>)[]): Promise<void> {
    const known = this.byId.get(image.id);
    if (known?.image === image) return;
    const topic = known ?? { image, led: [] };
    topic.image = image;
    this.byId.set(image.id, topic);
    this.byName.set(image.name, topic);
    for (const [index, partition] of image.partitions.entries()) {
      const led = topic.led[index];
      const leadsNow = partition.leader === this.nodeId;
      if (led !== undefined) {
        if (leadsNow && partition.leaderEpoch === led.leaderEpoch) {
          led.updateImage(partition);
          continue;
        }
        await this.end(topic, led);
      }
      if (leadsNow) begin.push(() => this.begin(topic, index, partition));
    }
  }

  private async begin(topic: KnownTopic, index: number, partition: PartitionImage): Promise<void> {
    const { id, name } = topic.image;
    const settings = this.settingsOf(this.image, name);
    try {
      const ref = { topicId: id, topicName: name, partition: index };
      const log = await this.store.open(ref, settings.log);
      log.updateSettings(settings.log);
      log.becomeLeader(partition.leaderEpoch);
      // What the leader before has appended and not yet written is ours as well, or nobody's.
      if (log.highWatermark < log.logEndOffset) await log.flush();
      const onFailure = (failed: LedPartition): void => {
        if (log.failure?.kind !== 'Fenced') this.onFailure(failed);
      };
      const led = new LedPartition(id, name, index, log, partition, settings, onFailure);
      for (const observer of this.observers) {
        if (observer.topicName === name) await observer.onLeadership(led);
      }
      topic.led[index] = led;
    } catch (error) {
      // Clients hear NOT_LEADER_OR_FOLLOWER and ask again.
      this.logger.error('a partition cannot be led', { topic: name, partition: index, error });
      const { leaderEpoch } = partition;
      this.onFailure({ topicId: id, topicName: name, partition: index, leaderEpoch });
    }
  }

  private async end(topic: KnownTopic, led: LedPartition): Promise<void> {
    topic.led[led.partition] = undefined;
    led.resign();
    for (const observer of this.observers) {
      if (observer.topicName === led.topicName) await observer.onResignation(led.partition);
    }
  }

  private applySettings(image: MetadataImage, before: MetadataImage): void {
    const brokerKeys = [configKey('BROKER', ''), configKey('BROKER', String(this.nodeId))];
    const isForAll = brokerKeys.some((key) => image.configs.get(key) !== before.configs.get(key));
    for (const { image: topic, led } of this.byId.values()) {
      const key = configKey('TOPIC', topic.name);
      if (!isForAll && image.configs.get(key) === before.configs.get(key)) continue;
      const settings = this.settingsOf(image, topic.name);
      for (const partition of led) partition?.updateSettings(settings);
    }
  }
}

function refuse(topic: KnownTopic | undefined, topicName: string, partition: number): never {
  if (topic?.image.partitions[partition] === undefined) {
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no ${topicName}-${partition}`);
  }
  throw new KafkaError('NOT_LEADER_OR_FOLLOWER', `${topicName}-${partition} is led elsewhere`);
}
