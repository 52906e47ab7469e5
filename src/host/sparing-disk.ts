import type { Descriptors } from './descriptors.ts';
import type { Disk, DiskFile } from './disk.ts';

/** A disk on which files that are kept open make room for a call that finds no descriptor left. */
export class SparingDisk implements Disk {
  constructor(
    private readonly disk: Disk,
    private readonly descriptors: Descriptors,
  ) {}

  open(path: string, options?: { create?: boolean; readOnly?: boolean }): DiskFile {
    return this.descriptors.withRoom(() => this.disk.open(path, options));
  }

  async createInPool(path: string): Promise<DiskFile> {
    return this.descriptors.withRoomInPool(() => this.disk.createInPool(path));
  }

  exists(path: string): boolean {
    return this.disk.exists(path);
  }

  stat(path: string): { size: number; modifiedMs: number; isDirectory: boolean } | undefined {
    return this.disk.stat(path);
  }

  list(path: string): string[] {
    return this.descriptors.withRoom(() => this.disk.list(path));
  }

  makeDirectory(path: string): void {
    this.disk.makeDirectory(path);
  }

  readFile(path: string): Buffer {
    return this.descriptors.withRoom(() => this.disk.readFile(path));
  }

  writeFile(path: string, data: Uint8Array | string, options?: { sync?: boolean }): void {
    this.descriptors.withRoom(() => this.disk.writeFile(path, data, options));
  }

  async writeFileInPool(path: string, data: Uint8Array): Promise<void> {
    await this.descriptors.withRoomInPool(() => this.disk.writeFileInPool(path, data));
  }

  rename(from: string, to: string): void {
    this.disk.rename(from, to);
  }

  remove(path: string): void {
    this.descriptors.withRoom(() => this.disk.remove(path));
  }

  async removeInPool(path: string): Promise<void> {
    await this.descriptors.withRoomInPool(() => this.disk.removeInPool(path));
  }

  syncDirectory(path: string): void {
    this.descriptors.withRoom(() => this.disk.syncDirectory(path));
  }

  async syncDirectoryInPool(path: string): Promise<void> {
    await this.descriptors.withRoomInPool(() => this.disk.syncDirectoryInPool(path));
  }

  volume(path: string): { totalBytes: number; usableBytes: number } {
    return this.disk.volume(path);
  }

  lock(path: string): { release(): void } {
    return this.descriptors.withRoom(() => this.disk.lock(path));
  }
}
