import type { Clock } from '../../host/clock.ts';
import type { Logger } from '../../host/logger.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import type { LogStore } from '../../storage/log-store.ts';
import type { MetadataImage, PartitionImage, TopicImage } from '../catalog/image.ts';
import { configKey } from '../catalog/image.ts';
import { isOnlineDirectory, isReservedDirectory } from '../catalog/directory-id.ts';
import { LedPartition, type LeaderSettings } from './led-partition.ts';
import { LogOpenings, type Opening } from './log-openings.ts';
import type { Placement } from './placements.ts';

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

/** A leadership that has begun and does not serve yet: its log is being opened. */
interface Coming {
  image: PartitionImage;
  /** Another leadership follows, or none. */
  isCancelled: boolean;
  readonly opening: Opening;
}

/** A topic as last seen, and which of its partitions are led here. */
interface KnownTopic {
  image: TopicImage;
  /** In force for all its partitions; undefined: to be looked up. */
  settings: LeaderSettings | undefined;
  readonly led: (LedPartition | undefined)[];
  readonly coming: (Coming | undefined)[];
  /** The last opening of each partition, over or not: the next one begins behind it. */
  readonly lastOpenings: (Opening | undefined)[];
  /** Partitions that should be led here, but whose logs could not be opened. */
  readonly failed: Set<number>;
}

/** So long an image waits for the logs it brings; what takes longer goes on in the background. */
const patienceMs = 100;
/** So long a request waits for a log to be opened; then its client asks again. */
const longestWaitMs = 1_000;

/**
 * Which partitions this broker leads: it follows the catalog's images, opens logs when a leadership
 * begins and lets go when it ends. A broker of many partitions does not wait until all logs are
 * open: they are opened one after the other, and first those that a client asks for.
 */
export class LedPartitions {
  private image: MetadataImage;
  private readonly byId = new Map<Uuid, KnownTopic>();
  private readonly byName = new Map<string, KnownTopic>();
  private readonly openings: LogOpenings;
  private comingCount = 0;

  constructor(
    private readonly nodeId: number,
    emptyImage: MetadataImage,
    private readonly store: LogStore,
    private readonly settingsOf: SettingsOf,
    private readonly observers: readonly LeadershipObserver[],
    /** A log takes no more appends, or cannot be opened: it needs a new leadership. */
    private readonly onFailure: (failed: Leadership) => void,
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** A log lies in another log directory than the catalog says. */
    private readonly onPlaced: (placement: Placement) => void = () => undefined,
  ) {
    this.image = emptyImage;
    this.openings = new LogOpenings(clock);
  }

  /** The image that has been applied. */
  get applied(): MetadataImage {
    return this.image;
  }

  /**
   * The partition, if it is led here.
   * @throws {KafkaError} UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR
   */
  lead(topicName: string, partition: number): LedPartition {
    const topic = this.byName.get(topicName);
    return topic?.led[partition] ?? this.refuse(topic, topicName, partition);
  }

  /** As `lead`; undefined when it is not led here. */
  find(topicName: string, partition: number): LedPartition | undefined {
    return this.byName.get(topicName)?.led[partition];
  }

  /**
   * As `lead`, for clients that go by id.
   * @throws {KafkaError} UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER
   */
  leadById(topicId: Uuid, partition: number): LedPartition {
    const topic = this.byId.get(topicId);
    if (topic === undefined) throw new KafkaError('UNKNOWN_TOPIC_ID', `no topic has id ${topicId}`);
    return topic.led[partition] ?? this.refuse(topic, topic.image.name, partition);
  }

  /** Whether there are logs that somebody might have to wait for. */
  get isOpening(): boolean {
    return this.comingCount > 0;
  }

  /** Whether a partition is led here and its log is being opened: it is opened before others then. */
  isOpeningOf(topicName: string, partition: number): boolean {
    const opening = this.byName.get(topicName)?.coming[partition]?.opening;
    if (opening === undefined) return false;
    this.openings.hurry(opening);
    return true;
  }

  /**
   * Resolves when the partition can be looked up, because its log is open by now or does not become
   * so in time; undefined when there is nothing to wait for. It is opened before others.
   */
  opening(topicName: string, partition: number): Promise<void> | undefined {
    return this.comingCount === 0 ? undefined : this.hurry(this.byName.get(topicName), partition);
  }

  /** As `opening`, for clients that go by id. */
  openingById(topicId: Uuid, partition: number): Promise<void> | undefined {
    return this.comingCount === 0 ? undefined : this.hurry(this.byId.get(topicId), partition);
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

  /**
   * Brings what is led here in line with an image. Resolves when all that is new serves, or when it
   * has waited long enough for that.
   */
  async apply(image: MetadataImage): Promise<void> {
    const before = this.image;
    this.image = image;
    if (image.configs !== before.configs) this.applySettings(image, before);
    if (image.topicsById === before.topicsById) return;
    await this.dropTopics(image);
    const begun: Opening[] = [];
    for (const topic of this.inOrder(image)) await this.applyTopic(topic, begun);
    if (begun.length === 0) return;
    const all = Promise.all(begun.map(({ done }) => done));
    await this.within(patienceMs, all);
  }

  /** No log is opened any more, and nobody waits for one: the broker stops. */
  stopOpening(): void {
    for (const topic of this.byId.values()) {
      for (const index of topic.coming.keys()) this.cancel(topic, index);
    }
  }

  /** Lets go of everything. */
  async resignAll(): Promise<void> {
    this.stopOpening();
    for (const topic of this.byId.values()) {
      for (const led of topic.led) if (led !== undefined) await this.end(topic, led);
    }
  }

  /** Topics that somebody observes come first: whole groups wait for them. */
  private inOrder(image: MetadataImage): readonly TopicImage[] {
    const observed = this.observers.flatMap(({ topicName }) => image.topics.get(topicName) ?? []);
    const rest = [...image.topicsById.values()].filter((topic) => !observed.includes(topic));
    return [...observed, ...rest];
  }

  /** Waits for something, but not for ever. */
  private async within(ms: number, something: Promise<unknown>): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.clock.schedule(ms, resolve);
      void something.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  private hurry(topic: KnownTopic | undefined, partition: number): Promise<void> | undefined {
    const opening = topic?.coming[partition]?.opening;
    if (opening === undefined) return undefined;
    this.openings.hurry(opening);
    return this.within(longestWaitMs, opening.done);
  }

  private async dropTopics(image: MetadataImage): Promise<void> {
    for (const [topicId, topic] of [...this.byId]) {
      if (image.topicsById.has(topicId)) continue;
      this.byId.delete(topicId);
      // A new topic of the same name may be here already.
      if (this.byName.get(topic.image.name) === topic) this.byName.delete(topic.image.name);
      for (const index of topic.coming.keys()) this.cancel(topic, index);
      for (const led of topic.led) if (led !== undefined) await this.end(topic, led);
    }
  }

  private async applyTopic(image: TopicImage, begun: Opening[]): Promise<void> {
    const known = this.byId.get(image.id);
    if (known?.image === image) return;
    const topic = known ?? newlyKnown(image);
    topic.image = image;
    this.byId.set(image.id, topic);
    this.byName.set(image.name, topic);
    for (const [index, partition] of image.partitions.entries()) {
      const leadsNow = partition.leader === this.nodeId;
      const isSame = (epoch: number | undefined) => leadsNow && partition.leaderEpoch === epoch;
      const led = topic.led[index];
      const coming = topic.coming[index];
      if (led !== undefined && isSame(led.leaderEpoch)) {
        led.updateImage(partition);
      } else if (coming !== undefined && isSame(coming.image.leaderEpoch)) {
        coming.image = partition;
      } else {
        this.cancel(topic, index);
        if (!leadsNow) topic.failed.delete(index);
        if (led !== undefined) await this.end(topic, led);
        if (leadsNow) begun.push(this.begin(topic, index, partition));
      }
    }
  }

  private begin(topic: KnownTopic, index: number, image: PartitionImage): Opening {
    const before = topic.lastOpenings[index];
    const opening = this.openings.add(async () => {
      if (before !== undefined) await before.done;
      if (!coming.isCancelled) await this.open(topic, index, coming);
      this.forget(topic, index, coming);
    });
    const coming: Coming = { image, isCancelled: false, opening };
    topic.coming[index] = coming;
    topic.lastOpenings[index] = opening;
    topic.failed.delete(index);
    this.comingCount++;
    return opening;
  }

  private forget(topic: KnownTopic, index: number, coming: Coming): void {
    if (topic.coming[index] !== coming) return;
    topic.coming[index] = undefined;
    this.comingCount--;
  }

  private cancel(topic: KnownTopic, index: number): void {
    const coming = topic.coming[index];
    if (coming === undefined) return;
    coming.isCancelled = true;
    this.openings.hurry(coming.opening); // it has nothing to do, and the next one waits for it
    this.forget(topic, index, coming);
  }

  private async open(topic: KnownTopic, index: number, coming: Coming): Promise<void> {
    const { id, name } = topic.image;
    const { leaderEpoch } = coming.image;
    try {
      const ref = { topicId: id, topicName: name, partition: index };
      const wish = directoryOf(coming.image, this.nodeId);
      const log = await this.store.open(ref, this.settingsFor(topic).log, wish);
      const directory = this.store.directoryOf?.(ref);
      if (directory !== undefined && directory !== wish) this.onPlaced({ ...ref, directory });
      if (isCancelled(coming)) return;
      log.updateSettings(this.settingsFor(topic).log);
      log.becomeLeader(leaderEpoch);
      // What the leader before has appended and not yet written is ours as well, or nobody's.
      if (log.highWatermark < log.logEndOffset) await log.flush();
      if (isCancelled(coming)) return;
      const onFailure = (failed: LedPartition): void => {
        if (log.failure?.kind !== 'Fenced') this.onFailure(failed);
      };
      const settings = this.settingsFor(topic);
      const led = new LedPartition(id, name, index, log, coming.image, settings, onFailure);
      await this.announce(led);
      if (isCancelled(coming)) {
        await this.end(topic, led);
        return;
      }
      led.updateImage(coming.image);
      if (this.settingsFor(topic) !== settings) led.updateSettings(this.settingsFor(topic));
      topic.led[index] = led;
    } catch (error) {
      if (isCancelled(coming)) return;
      // Clients hear KAFKA_STORAGE_ERROR and ask again.
      topic.failed.add(index);
      this.logger.error('a partition cannot be led', { topic: name, partition: index, error });
      this.onFailure({ topicId: id, topicName: name, partition: index, leaderEpoch });
    }
  }

  /** @throws what an observer does: the leadership is over then */
  private async announce(led: LedPartition): Promise<void> {
    try {
      for (const observer of this.observers) {
        if (observer.topicName === led.topicName) await observer.onLeadership(led);
      }
    } catch (error) {
      led.resign();
      throw error;
    }
  }

  private async end(topic: KnownTopic, led: LedPartition): Promise<void> {
    if (topic.led[led.partition] === led) topic.led[led.partition] = undefined;
    led.resign();
    for (const observer of this.observers) {
      if (observer.topicName === led.topicName) await observer.onResignation(led.partition);
    }
  }

  private applySettings(image: MetadataImage, before: MetadataImage): void {
    const brokerKeys = [configKey('BROKER', ''), configKey('BROKER', String(this.nodeId))];
    const isForAll = brokerKeys.some((key) => image.configs.get(key) !== before.configs.get(key));
    for (const topic of this.byId.values()) {
      const key = configKey('TOPIC', topic.image.name);
      if (!isForAll && image.configs.get(key) === before.configs.get(key)) continue;
      topic.settings = undefined;
      for (const led of topic.led) led?.updateSettings(this.settingsFor(topic));
    }
  }

  private refuse(topic: KnownTopic | undefined, topicName: string, partition: number): never {
    const image = topic?.image.partitions[partition];
    if (topic === undefined || image === undefined) {
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no ${topicName}-${partition}`);
    }
    if (topic.failed.has(partition) || this.isOffline(image)) {
      throw new KafkaError('KAFKA_STORAGE_ERROR', `${topicName}-${partition} is offline`);
    }
    const reason = topic.coming[partition] === undefined ? 'is led elsewhere' : 'is being opened';
    throw new KafkaError('NOT_LEADER_OR_FOLLOWER', `${topicName}-${partition} ${reason}`);
  }

  /** Nobody leads it, because it lies in a log directory of ours that is offline. */
  private isOffline(partition: PartitionImage): boolean {
    const directory = directoryOf(partition, this.nodeId);
    if (partition.leader >= 0 || directory === undefined) return false;
    return !isOnlineDirectory(directory, this.image.brokers.get(this.nodeId)?.directories ?? []);
  }

  private settingsFor(topic: KnownTopic): LeaderSettings {
    topic.settings ??= this.settingsOf(this.image, topic.image.name);
    return topic.settings;
  }
}

const newlyKnown = (image: TopicImage): KnownTopic => ({
  image,
  settings: undefined,
  led: [],
  coming: [],
  lastOpenings: [],
  failed: new Set(),
});

/** Asked anew after every wait, which the type checker would not believe. */
const isCancelled = (coming: Coming): boolean => coming.isCancelled;

/** The log directory that the catalog has for a broker's replica; undefined: it does not say. */
function directoryOf({ replicas, directories }: PartitionImage, broker: number): Uuid | undefined {
  const directory = directories[replicas.indexOf(broker)];
  return directory === undefined || isReservedDirectory(directory) ? undefined : directory;
}
