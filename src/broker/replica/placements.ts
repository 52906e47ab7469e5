import type { Clock, Timer } from '../../host/clock.ts';
import type { Logger } from '../../host/logger.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { decideDirectories } from '../catalog/decide-brokers.ts';

const retryMs = 10_000;

/** A log and the log directory it lies in. */
export interface Placement {
  readonly topicId: Uuid;
  readonly partition: number;
  readonly directory: Uuid;
}

/**
 * Tells the catalog in which log directories the logs of a broker lie, where it does not know: of
 * new partitions, and of those that somebody moved while the broker was stopped (KIP-858). Nobody
 * waits for it: until it is written down, the log is found where it lies.
 */
export class Placements {
  private found: Placement[] = [];
  private timer: Timer | undefined;
  private isCancelled = false;

  constructor(
    private readonly nodeId: number,
    private readonly catalog: Catalog,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  add(placement: Placement): void {
    if (this.isCancelled) return;
    if (this.found.push(placement) === 1) this.clock.defer(() => void this.write());
  }

  cancel(): void {
    this.isCancelled = true;
    this.timer?.cancel();
    this.found = [];
  }

  private tryAgain(found: readonly Placement[]): void {
    if (this.isCancelled) return;
    this.timer?.cancel();
    this.found = [...found, ...this.found];
    this.timer = this.clock.schedule(retryMs, () => void this.write());
  }

  private async write(): Promise<void> {
    const { found } = this;
    this.found = [];
    try {
      await this.catalog.transact((image) => decideDirectories(image, this.nodeId, found));
    } catch (error) {
      this.logger.warn('the catalog could not note in which directories logs lie', { error });
      this.tryAgain(found);
    }
  }
}
