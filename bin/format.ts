import { resolve } from 'node:path';
import { formatFolders } from '../src/broker/data-folder/format-folders.ts';
import { SystemClock } from '../src/host/system-clock.ts';
import { SystemDisk } from '../src/host/system-disk.ts';
import { SystemRandom } from '../src/host/system-random.ts';
import type { FormatCommand } from './folder-commands.ts';

/**
 * Formats the folders of a broker, and says whose they are.
 *
 * @throws {Error} one is formatted already, holds data of nobody known, or cannot be written
 */
export function format({ data, nodeId, clusterId, ignoreFormatted }: FormatCommand): void {
  const options = {
    disk: new SystemDisk(),
    clock: new SystemClock(),
    random: new SystemRandom(),
    nodeId,
    clusterId,
    folders: [...new Set(data.map((folder) => resolve(folder)))],
    ignoreFormatted,
  };
  for (const { folder, identity } of formatFolders(options)) {
    process.stdout.write(
      identity === undefined
        ? `${folder} is formatted already and was left as it is.\n`
        : `Formatted ${folder}.\n` +
            `  cluster id    ${identity.clusterId}\n` +
            `  node id       ${nodeId}\n` +
            `  directory id  ${identity.directoryId}\n`,
    );
  }
}
