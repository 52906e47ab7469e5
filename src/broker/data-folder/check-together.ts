import type { Disk } from '../../host/disk.ts';
import type { CheckReport } from '../../storage/disk/check/check-report.ts';
import { metaOf } from '../catalog/data-folder.ts';
import type { MetaProperties } from '../catalog/meta-properties.ts';
import { copiesIn } from '../catalog/several-folders.ts';

/** Do several folders belong to one broker, and is each partition in one of them only? */
export function checkTogether(disk: Disk, roots: readonly string[], report: CheckReport): void {
  const known: { root: string; meta: MetaProperties }[] = [];
  for (const root of roots) {
    const meta = readMeta(disk, root);
    if (meta === undefined) continue;
    const error = (words: string): void => report.error(`${root}/meta.properties`, words);
    const [first] = known;
    if (first !== undefined && first.meta.clusterId !== meta.clusterId) {
      error(`it says cluster ${meta.clusterId}, but ${first.root} has ${first.meta.clusterId}`);
    }
    if (first !== undefined && first.meta.nodeId !== meta.nodeId) {
      error(`it says node ${meta.nodeId}, but ${first.root} has ${first.meta.nodeId}`);
    }
    const id = meta.directoryId;
    const twin =
      id === undefined ? undefined : known.find((other) => other.meta.directoryId === id);
    if (twin !== undefined) error(`it has the directory.id of ${twin.root}: one is a copy`);
    known.push({ root, meta });
  }
  for (const { name, places } of copiesIn(disk, roots)) {
    const message = `the partition lies in ${places[0]} as well; only one can be the right one`;
    report.error(`${places[1]}/${name}`, message);
  }
}

/** @returns undefined also when it cannot be read, which is said elsewhere */
function readMeta(disk: Disk, root: string): MetaProperties | undefined {
  try {
    return metaOf(disk, root);
  } catch {
    return undefined;
  }
}
