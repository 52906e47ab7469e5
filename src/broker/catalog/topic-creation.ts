import { KafkaError } from '../../protocol/kafka-error.ts';
import type { Catalog, Change } from './catalog.ts';
import { decideCreateTopics, refused } from './decide-topics.ts';
import type { CreatedTopic, Refused, TopicRules, WantedTopic } from './decide-topics.ts';
import { isActive } from './image.ts';
import type { MetadataImage, TopicImage } from './image.ts';
import { adaptedTo, internalTopic } from './internal-topics.ts';
import type { NumberOf } from './internal-topics.ts';

/** What the broker's configuration says about new topics; asked anew for each. */
export interface TopicCreationSettings extends TopicRules {
  /** For the properties of internal topics. */
  readonly numberOf: NumberOf;
}

/** Makes topics: for CreateTopics, for clients that name one that is not there, for coordinators. */
export class TopicCreation {
  constructor(
    private readonly catalog: Catalog,
    private readonly settings: TopicCreationSettings,
  ) {}

  /** Resolves when all partitions serve. */
  create(
    wanted: readonly WantedTopic[],
    validateOnly = false,
  ): Promise<(CreatedTopic | Refused)[]> {
    return this.catalog.transact((image) =>
      decideCreateTopics(image, wanted, this.settings, validateOnly),
    );
  }

  /**
   * Sees to it that topics exist, those of the coordinators with their own configuration. Several
   * clients may ask at the same time; one of them makes it.
   *
   * @returns what was refused
   */
  async ensure(names: readonly string[]): Promise<Refused[]> {
    try {
      return await this.catalog.transact((image) => this.decideMissing(image, names));
    } catch (error) {
      // A catalog that cannot be written keeps nobody from what is there already.
      return names.map((name) => refused(name, error));
    }
  }

  /** The topic of a coordinator, made when it is first needed. */
  async ensureInternalTopic(name: string): Promise<TopicImage> {
    const present = this.catalog.image.topics.get(name);
    if (present !== undefined) return present;
    const [refusal] = await this.ensure([name]);
    if (refusal !== undefined) {
      const { error, message } = refusal;
      const isOurs = error === 'KAFKA_STORAGE_ERROR';
      throw new KafkaError(isOurs ? 'COORDINATOR_NOT_AVAILABLE' : error, message ?? error);
    }
    const made = this.catalog.image.topics.get(name);
    if (made === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION');
    return made;
  }

  private decideMissing(image: MetadataImage, names: readonly string[]): Change<Refused[]> {
    const missing = names.filter((name) => !image.topics.has(name));
    const wanted = missing.map((name) => this.autoCreated(image, name));
    const { records, result } = decideCreateTopics(image, wanted, this.settings);
    return { records, result: result.filter((topic) => topic.error !== 'NONE') };
  }

  private autoCreated(image: MetadataImage, name: string): WantedTopic {
    const internal = internalTopic(name, this.settings.numberOf);
    if (internal === undefined) {
      return { name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] };
    }
    const live = [...image.brokers.values()].filter(isActive).length;
    const adapted = adaptedTo(internal, live);
    return {
      name,
      numPartitions: adapted.partitions,
      replicationFactor: adapted.replicationFactor,
      assignments: [],
      configs: [...adapted.configs].map(([key, value]) => ({ name: key, value })),
    };
  }
}
