import { resolve } from 'node:path';
import { openDataFolder, readMeta } from '../src/broker/catalog/data-folder.ts';
import { SystemClock } from '../src/host/system-clock.ts';
import { SystemDisk } from '../src/host/system-disk.ts';
import { SystemRandom } from '../src/host/system-random.ts';
import type { FormatCommand } from './folder-commands.ts';

/**
 * Formats a folder, and says whose it is.
 *
 * @throws {Error} it is formatted already, holds something else, or cannot be written
 */
export function format({ data, nodeId, clusterId, ignoreFormatted }: FormatCommand): void {
  const disk = new SystemDisk();
  const folder = resolve(data);
  if (disk.exists(`${folder}/meta.properties`)) {
    if (!ignoreFormatted) {
      throw new Error(`${folder} is formatted already; --ignore-formatted leaves it as it is`);
    }
    process.stdout.write(`${folder} is formatted already and was left as it is.\n`);
    return;
  }
  const options = {
    disk,
    clock: new SystemClock(),
    random: new SystemRandom(),
    folder,
    nodeId,
    clusterId,
  };
  const { clusterId: given, directoryId } = openDataFolder(options, readMeta(options));
  process.stdout.write(
    `Formatted ${folder}.\n` +
      `  cluster id    ${given}\n` +
      `  node id       ${nodeId}\n` +
      `  directory id  ${directoryId}\n`,
  );
}
