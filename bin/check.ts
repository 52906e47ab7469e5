import { resolve } from 'node:path';
import { checkFolders } from '../src/broker/data-folder/check-folder.ts';
import { SystemDisk } from '../src/host/system-disk.ts';
import { CheckReport, counted, findingInWords } from '../src/storage/disk/check/check-report.ts';
import type { CheckCommand } from './folder-commands.ts';
import { ProgressLine } from './progress-line.ts';

/**
 * Checks the folders of a broker and prints what it finds.
 *
 * @returns whether there was no error
 * @throws {Error} there is no such data folder, or a broker uses it
 */
export async function check({ data, json }: CheckCommand): Promise<boolean> {
  const disk = new SystemDisk();
  const folders = [...new Set(data.map((folder) => resolve(folder)))];
  for (const folder of folders) requireUnused(disk, folder);
  const progress = new ProgressLine();
  const report = new CheckReport((finding) => {
    progress.clear();
    process.stdout.write(`${json ? JSON.stringify(finding) : findingInWords(finding)}\n`);
  });
  try {
    await checkFolders(disk, folders, report, () =>
      progress.show(
        `checked ${amount(report.bytes)} of batches in ${counted(report.logs, 'logs')}`,
      ),
    );
  } finally {
    progress.clear();
  }
  report.finish();
  const { logs, segments, batches, records, bytes, errors, notes } = report;
  const summary = { logs, segments, batches, records, bytes, errors, notes };
  process.stdout.write(`${json ? JSON.stringify({ summary }) : summaryInWords(summary)}\n`);
  return errors === 0;
}

function requireUnused(disk: SystemDisk, folder: string): void {
  const found = disk.stat(folder);
  if (found === undefined) throw new Error(`there is no folder ${folder}`);
  if (!found.isDirectory) throw new Error(`cannot use ${folder}: it is a file, not a folder`);
  const holder = disk.holderOf(`${folder}/.lock`);
  if (holder !== undefined) {
    throw new Error(`${folder} is in use by ${holder}; stop it first, or check a copy`);
  }
}

const summaryInWords = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, count]) => counted(count, what))
    .join(', ');

function amount(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1024 ? `${mebibytes.toFixed(0)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
