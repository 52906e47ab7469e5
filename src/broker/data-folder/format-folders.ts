import type { DataFolderOptions, FolderIdentity } from '../catalog/data-folder.ts';
import { openDataFolder, readMeta } from '../catalog/data-folder.ts';
import { requireDistinct, requireOneCluster } from '../catalog/several-folders.ts';
import { UnusableFolder } from '../catalog/unusable-folder.ts';

export interface FormatOptions extends Omit<DataFolderOptions, 'folder'> {
  /** One for each of `log.dirs`. */
  readonly folders: readonly string[];
  /** Those that are formatted already stay as they are. */
  readonly ignoreFormatted: boolean;
}

export interface FormattedFolder {
  readonly folder: string;
  /** Undefined: it was formatted already. */
  readonly identity: FolderIdentity | undefined;
}

/**
 * Formats the folders of one broker as `kafka-storage format` does: each gets its
 * `bootstrap.checkpoint` and a `meta.properties` of the same cluster and node. All are looked at
 * before one changes.
 *
 * @throws {UnusableFolder} one is formatted already, is another's, or holds data of nobody known
 */
export function* formatFolders(options: FormatOptions): Generator<FormattedFolder, void, void> {
  const { disk, folders, ignoreFormatted } = options;
  const found = folders.map((folder) => {
    if (disk.stat(folder)?.isDirectory === false) {
      throw new UnusableFolder(`cannot use ${folder}: it is a file, not a folder`);
    }
    return { path: folder, meta: readMeta({ ...options, folder }) };
  });
  const first = found.find(({ meta }) => meta !== undefined);
  if (first !== undefined && !ignoreFormatted) {
    const words = 'is formatted already; --ignore-formatted leaves it as it is';
    throw new UnusableFolder(`${first.path} ${words}`);
  }
  requireOneCluster(found);
  requireDistinct(found);
  let clusterId = options.clusterId ?? first?.meta?.clusterId;
  for (const { path: folder, meta } of found) {
    if (meta !== undefined) {
      yield { folder, identity: undefined };
      continue;
    }
    const identity = openDataFolder({ ...options, folder, clusterId }, undefined);
    clusterId = identity.clusterId;
    yield { folder, identity };
  }
}
