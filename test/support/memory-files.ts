import type { SeededRandom } from './seeded-random.ts';

/*
 * What a file system keeps: files and folders as processes see them, and beside that what is durable
 * of them. A power cut makes new ones of what is durable and of a part of what is not.
 */

/** How much of what was not synced a power cut leaves. */
export type Luck = 'nothing' | 'everything' | 'a prefix' | 'some';

/** A fault tears within blocks of this size as well as at any byte. */
const blockSize = 512;

/** Bytes that grow. */
class Bytes {
  private data = Buffer.alloc(0);
  length = 0;

  get(): Buffer {
    return this.data.subarray(0, this.length);
  }

  copy(): Bytes {
    const copy = new Bytes();
    copy.data = Buffer.from(this.get());
    copy.length = this.length;
    return copy;
  }

  write(chunk: Uint8Array, position: number): void {
    const end = position + chunk.length;
    if (end > this.data.length) {
      const grown = Buffer.alloc(Math.max(end, this.data.length * 2));
      this.get().copy(grown);
      this.data = grown;
    }
    this.data.set(chunk, position);
    this.length = Math.max(this.length, end);
  }

  /** Shorter, or longer with zeros. */
  resize(length: number): void {
    if (length < this.length) this.data.fill(0, length, this.length);
    else this.write(Buffer.alloc(length - this.length), this.length);
    this.length = length;
  }
}

type Change =
  | { readonly kind: 'write'; readonly chunk: Buffer; readonly position: number }
  | { readonly kind: 'resize'; readonly length: number };

export class StoredFile {
  private bytes = new Bytes();
  private durable = new Bytes();
  /** Since the last fsync, oldest first. */
  private changes: Change[] = [];
  private syncedChanges = 0;
  modifiedMs = 0;

  get length(): number {
    return this.bytes.length;
  }

  read(): Buffer {
    return this.bytes.get();
  }

  write(chunk: Uint8Array, position: number, nowMs: number): void {
    this.change({ kind: 'write', chunk: Buffer.from(chunk), position }, nowMs);
  }

  truncate(length: number, nowMs: number): void {
    this.change({ kind: 'resize', length }, nowMs);
  }

  private change(change: Change, nowMs: number): void {
    apply(this.bytes, change);
    this.changes.push(change);
    this.modifiedMs = nowMs;
  }

  /** What an fsync that begins now must cover. */
  get mark(): number {
    return this.syncedChanges + this.changes.length;
  }

  sync(mark = this.mark): void {
    const due = this.changes.splice(0, Math.max(0, mark - this.syncedChanges));
    for (const change of due) apply(this.durable, change);
    this.syncedChanges += due.length;
  }

  /**
   * As on Linux: what was dirty counts as clean from now on, although not all of it (perhaps nothing)
   * is on the disk. Readers see it until it leaves the page cache.
   *
   * @param random  default: nothing is on the disk, all of it in the cache
   */
  failSync(random?: SeededRandom): void {
    if (random !== undefined) {
      this.durable = this.survivingBytes(random, random.pick(['nothing', 'a prefix', 'some']));
    }
    this.syncedChanges = this.mark;
    this.changes = [];
    if (random === undefined) return;
    if (random.below(2) === 0) this.bytes = this.durable.copy();
  }

  /** All of it, in the same state: what a process that starts after a kill finds. */
  copy(): StoredFile {
    const copy = new StoredFile();
    copy.bytes = this.bytes.copy();
    copy.durable = this.durable.copy();
    copy.changes = [...this.changes];
    copy.modifiedMs = this.modifiedMs;
    return copy;
  }

  /** What a power cut leaves. */
  afterPowerCut(random: SeededRandom, luck: Luck): StoredFile {
    const left = new StoredFile();
    left.bytes = this.survivingBytes(random, luck);
    left.durable = left.bytes.copy();
    left.modifiedMs = this.modifiedMs;
    return left;
  }

  private survivingBytes(random: SeededRandom, luck: Luck): Bytes {
    const bytes = this.durable.copy();
    const changes = surviving(this.changes, random, luck);
    for (const [i, change] of changes.entries()) {
      // The one at which a prefix ends may be torn; of some, each.
      const mayTear = luck === 'some' || (luck === 'a prefix' && i === changes.length - 1);
      if (change.kind === 'write' && mayTear && random.below(3) === 0) tear(bytes, change, random);
      else apply(bytes, change);
    }
    return bytes;
  }
}

function apply(bytes: Bytes, change: Change): void {
  if (change.kind === 'write') bytes.write(change.chunk, change.position);
  else bytes.resize(change.length);
}

/** A write of which not all arrives: up to a byte, some of its blocks, or only the file's new size. */
function tear(bytes: Bytes, { chunk, position }: Change & { kind: 'write' }, random: SeededRandom) {
  const how = random.below(3);
  if (how === 0) {
    bytes.write(chunk.subarray(0, random.below(chunk.length + 1)), position);
    return;
  }
  bytes.resize(Math.max(bytes.length, position + chunk.length));
  if (how === 1) return;
  for (let at = 0; at < chunk.length;) {
    const end = Math.min(chunk.length, at + blockSize - ((position + at) % blockSize));
    if (random.below(2) === 0) bytes.write(chunk.subarray(at, end), position + at);
    at = end;
  }
}

function surviving<T>(changes: readonly T[], random: SeededRandom, luck: Luck): readonly T[] {
  switch (luck) {
    case 'nothing':
      return [];
    case 'everything':
      return changes;
    case 'a prefix':
      return changes.slice(0, random.below(changes.length + 1));
    case 'some':
      return changes.filter(() => random.below(2) === 0);
  }
}

type Node = StoredFile | StoredFolder;

/** Names that came, went or changed together; `undefined` for one that went. */
type NameChange = readonly (readonly [name: string, node: Node | undefined])[];

export class StoredFolder {
  readonly entries = new Map<string, Node>();
  private durable = new Map<string, Node>();
  /** Since the folder was synced last, oldest first. */
  private changes: NameChange[] = [];
  private syncedChanges = 0;

  change(change: NameChange): void {
    applyNames(this.entries, change);
    this.changes.push(change);
  }

  /** What an fsync that begins now must cover. */
  get mark(): number {
    return this.syncedChanges + this.changes.length;
  }

  sync(mark = this.mark): void {
    const due = this.changes.splice(0, Math.max(0, mark - this.syncedChanges));
    for (const change of due) applyNames(this.durable, change);
    this.syncedChanges += due.length;
  }

  /** @param copies  of what may be known by several names, one now and one durable */
  copy(copies = new Map<Node, Node>()): StoredFolder {
    const copy = new StoredFolder();
    copies.set(this, copy);
    const copyOf = (node: Node): Node => {
      const made = copies.get(node) ?? node.copy(copies);
      copies.set(node, made);
      return made;
    };
    for (const [name, node] of this.entries) copy.entries.set(name, copyOf(node));
    for (const [name, node] of this.durable) copy.durable.set(name, copyOf(node));
    copy.changes = this.changes.map((change) =>
      change.map(([name, node]) => [name, node === undefined ? node : copyOf(node)]),
    );
    return copy;
  }

  afterPowerCut(random: SeededRandom, luck: Luck): StoredFolder {
    const names = new Map(this.durable);
    for (const change of surviving(this.changes, random, luck)) applyNames(names, change);
    const left = new StoredFolder();
    for (const [name, node] of names) {
      const survivor = node.afterPowerCut(random, luck);
      left.entries.set(name, survivor);
      left.durable.set(name, survivor);
    }
    return left;
  }
}

function applyNames(names: Map<string, Node>, change: NameChange): void {
  for (const [name, node] of change) {
    if (node === undefined) names.delete(name);
    else names.set(name, node);
  }
}
