import type { Disk } from '../../host/disk.ts';

/** The directory that holds the folders of all logs: it is synced for one that is new, not for each. */
export class RootFolder {
  /** Of the process before nobody knows. */
  private hasChanged = true;
  private latest: Promise<void> | undefined;

  constructor(
    private readonly disk: Disk,
    private readonly path: string,
  ) {}

  /** A folder was made in it. */
  changed(): void {
    this.hasChanged = true;
  }

  /** Makes the names of all folders durable. */
  async sync(): Promise<void> {
    if (this.hasChanged) this.latest = this.syncNames();
    // Also one that another log began: until it is over nothing more is durable.
    await this.latest;
  }

  private async syncNames(): Promise<void> {
    this.hasChanged = false;
    try {
      await this.disk.syncDirectoryInPool(this.path);
    } catch (error) {
      this.hasChanged = true;
      throw error;
    }
  }
}

/** Makes the data directory, and its name durable: all that follows is below it. */
export function makeRoot(disk: Disk, root: string): void {
  const missing: string[] = [];
  for (let path = root; path !== parentOf(path) && !disk.exists(path); path = parentOf(path)) {
    missing.push(path);
  }
  disk.makeDirectory(root);
  for (const path of missing) disk.syncDirectory(parentOf(path));
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}
