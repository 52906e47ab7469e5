import { zeroUuid } from '../../protocol/uuid.ts';
import type { Uuid } from '../../protocol/uuid.ts';

/** Reserved ids of log directories: what a partition's replica has in place of a directory. */
const migratingDirectory: Uuid = zeroUuid;
/** The broker has not chosen yet. */
export const unassignedDirectory: Uuid = 'AAAAAAAAAAAAAAAAAAAAAQ';
const lostDirectory: Uuid = 'AAAAAAAAAAAAAAAAAAAAAg';

/** Whether a replica in this directory can be read, given the directories its broker has. */
export function isOnlineDirectory(directory: Uuid, online: readonly Uuid[]): boolean {
  if (directory === unassignedDirectory || directory === migratingDirectory) return true;
  if (directory === lostDirectory) return false;
  return online.length === 0 || online.includes(directory);
}
