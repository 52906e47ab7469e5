import { uuidFromBytes, zeroUuid } from '../../protocol/uuid.ts';
import type { Uuid } from '../../protocol/uuid.ts';

/** Reserved ids of log directories: what a partition's replica has in place of a directory. */
const migratingDirectory: Uuid = zeroUuid;
/** The broker has not chosen yet. */
export const unassignedDirectory: Uuid = 'AAAAAAAAAAAAAAAAAAAAAQ';
const lostDirectory: Uuid = 'AAAAAAAAAAAAAAAAAAAAAg';

/** Does the id stand for a state instead of a directory? */
export const isReservedDirectory = (directory: Uuid): boolean =>
  [migratingDirectory, unassignedDirectory, lostDirectory].includes(directory);

/** Whether a replica in this directory can be read, given the directories its broker has. */
export function isOnlineDirectory(directory: Uuid, online: readonly Uuid[]): boolean {
  if (directory === unassignedDirectory || directory === migratingDirectory) return true;
  if (directory === lostDirectory) return false;
  return online.length === 0 || online.includes(directory);
}

/** Bytes of a directory id that tell a guest's from its host's. */
const indexAt = 12;

/**
 * The directory id of a broker that lives in another one's process and folder. Derived, so that it
 * can be told later that it was a guest and nobody with a folder of its own.
 *
 * @param index  of the broker in the process; 0 is the host
 */
export function guestDirectory(host: Uuid, index: number): Uuid {
  const bytes = Buffer.from(host, 'base64url');
  bytes.writeUInt32BE((bytes.readUInt32BE(indexAt) ^ index) >>> 0, indexAt);
  return uuidFromBytes(bytes);
}

/** Which guest of a host has this directory; undefined when it is none's. */
export function guestIndex(host: Uuid, directory: Uuid): number | undefined {
  const [mine, theirs] = [Buffer.from(host, 'base64url'), Buffer.from(directory, 'base64url')];
  if (!mine.subarray(0, indexAt).equals(theirs.subarray(0, indexAt))) return undefined;
  const index = (mine.readUInt32BE(indexAt) ^ theirs.readUInt32BE(indexAt)) >>> 0;
  return index === 0 ? undefined : index;
}
