import type { Disk } from '../../host/disk.ts';

/** The directory that holds the folders of all logs: it is synced for one that is new, not for each. */
export class RootFolder {
  /** Of the process before nobody knows. */
  private hasChanged = true;

  constructor(
    private readonly disk: Disk,
    private readonly path: string,
  ) {}

  /** A folder was made in it. */
  changed(): void {
    this.hasChanged = true;
  }

  /** Makes the names of all folders durable. */
  sync(): void {
    if (!this.hasChanged) return;
    this.disk.syncDirectory(this.path);
    this.hasChanged = false;
  }
}
