import { dumpPath } from '../src/broker/data-folder/dump-file.ts';
import { SystemDisk } from '../src/host/system-disk.ts';
import { lineAsJson, lineAsText } from '../src/storage/disk/dump/dump-line.ts';
import type { DumpCommand } from './folder-commands.ts';

/** Lines are written in pieces of about this many characters. */
const pieceLength = 64 * 1024;

/**
 * Prints what stands in files.
 *
 * @returns whether all of it could be read
 */
export async function dump({ paths, records, decode, json }: DumpCommand): Promise<boolean> {
  const disk = new SystemDisk();
  const asLine = json ? lineAsJson : lineAsText;
  let isWhole = true;
  let piece = '';
  for (const path of paths) {
    for (const line of dumpPath(disk, path, { records, decode })) {
      if (line.kind === 'error') isWhole = false;
      piece += `${asLine(line)}\n`;
      if (piece.length < pieceLength) continue;
      await written(piece);
      piece = '';
    }
  }
  await written(piece);
  return isWhole;
}

/** Resolves when the reader has taken it: what waits in memory stays small. */
async function written(text: string): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
}
