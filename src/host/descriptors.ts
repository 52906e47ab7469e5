/** Keeps files open that it may need again, and can close. */
export interface FileKeeper {
  /** How many it has open. */
  readonly openFiles: number;
  /** Closes files that nobody works with, until `most` are left. */
  keepAtMost(most: number): void;
}

/** For what is open for a moment only (a checkpoint, an index, a folder, code), and for listeners. */
const reserved = 16;
/** A broker without any of these serves nobody. */
const fewestFiles = 8;
const fewestSockets = 4;
/** More guaranteed files than this help nobody. */
const mostGuaranteedFiles = 512;

/**
 * The descriptors of the process, which files and sockets share: the system has a limit
 * (`ulimit -n`), and who takes the last one starves everybody else. Sockets may have three quarters,
 * and what they do not use is there for files; files that are kept open make room when sockets come.
 * Where a call finds none left all the same (other parts of the process, or of the machine, have
 * them), files are closed and it is tried again.
 */
export class Descriptors {
  private readonly shared: number;
  /** So many may always be kept open. */
  readonly guaranteedFiles: number;
  private readonly mostSockets: number;
  private sockets = 0;
  private keeper: FileKeeper | undefined;

  /** @param most  so many may be opened from now on */
  constructor(readonly most = Infinity) {
    this.shared = Math.max(0, most - reserved);
    const quarter = Math.floor(this.shared / 4);
    this.guaranteedFiles = Math.min(Math.max(quarter, fewestFiles), mostGuaranteedFiles);
    this.mostSockets = Math.max(this.shared - this.guaranteedFiles, fewestSockets);
  }

  /** So many files may be kept open now. */
  get mostFiles(): number {
    return Math.max(this.guaranteedFiles, this.shared - this.sockets);
  }

  /** Who is asked for room. */
  keptBy(keeper: FileKeeper): void {
    this.keeper = keeper;
  }

  /** A connection has come. @returns whether it may stay; then `onSocketClosed` follows */
  takeSocket(): boolean {
    if (this.sockets >= this.mostSockets) return false;
    this.sockets++;
    this.keeper?.keepAtMost(this.mostFiles);
    return true;
  }

  onSocketClosed(): void {
    this.sockets--;
  }

  /** Does something that takes a descriptor and, when there is none, is as if it had not begun. */
  withRoom<T>(work: () => T): T {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isShortage(error) || !this.makeRoom()) throw error;
      }
    }
  }

  /** As `withRoom`, of work that takes its time. */
  async withRoomInPool<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isShortage(error) || !this.makeRoom()) throw error;
      }
    }
  }

  private makeRoom(): boolean {
    const { keeper } = this;
    if (keeper === undefined) return false;
    const before = keeper.openFiles;
    keeper.keepAtMost(Math.floor(before / 2));
    return keeper.openFiles < before;
  }
}

/** The process has no descriptor left, or the machine. */
function isShortage(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'EMFILE' || code === 'ENFILE';
}
