import type { SegmentIndexes } from '../segment-indexes.ts';

/** Indexes of complete segments that were used lately. Those of the active ones are elsewhere. */
export class IndexCache {
  /** In order of last use. */
  private readonly kept = new Map<object, SegmentIndexes>();

  constructor(private readonly most = 64) {}

  get(segment: object, load: () => SegmentIndexes): SegmentIndexes {
    const indexes = this.kept.get(segment) ?? load();
    this.put(segment, indexes);
    return indexes;
  }

  put(segment: object, indexes: SegmentIndexes): void {
    this.kept.delete(segment);
    this.kept.set(segment, indexes);
    if (this.kept.size <= this.most) return;
    for (const oldest of this.kept.keys()) {
      this.kept.delete(oldest);
      return;
    }
  }

  forget(segment: object): void {
    this.kept.delete(segment);
  }
}
