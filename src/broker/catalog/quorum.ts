import type { Uuid } from '../../protocol/uuid.ts';
import type { VotersRecord } from '../../protocol/records/control-records.ts';
import { UnusableFolder } from './unusable-folder.ts';

/** What the control records of a metadata log say; others than these say nothing of the quorum. */
export type ControlRecord =
  | { readonly type: 'LEADER_CHANGE'; readonly voters: readonly number[] }
  | { readonly type: 'KRAFT_VERSION'; readonly level: number }
  | { readonly type: 'KRAFT_VOTERS'; readonly record: VotersRecord }
  | { readonly type: 'SNAPSHOT_HEADER' | 'SNAPSHOT_FOOTER' | 'ABORT' | 'COMMIT' };

/**
 * Who votes on the metadata log. With `kraft.version` 0 the voters are in the configuration of each
 * node (and the log tells them whenever a leader begins); with 1 they are records of the log, each
 * voter told by its id and its directory. A folder stays what it was formatted as.
 */
export interface Quorum {
  readonly kraftVersion: number;
  /** Ids of the voters; undefined before the first leader. */
  readonly voterIds: readonly number[] | undefined;
  /** With `kraft.version` 1: the record as it was found, to be written again as it is. */
  readonly votersRecord: VotersRecord | undefined;
}

export const newQuorum: Quorum = { kraftVersion: 0, voterIds: undefined, votersRecord: undefined };

const dynamicVersion = 1;

export const isDynamic = ({ kraftVersion }: Quorum): boolean => kraftVersion === dynamicVersion;

/** @throws {UnusableFolder} a level of `kraft.version` that is not known */
export function applyControl(quorum: Quorum, control: ControlRecord): Quorum {
  switch (control.type) {
    case 'LEADER_CHANGE':
      return { ...quorum, voterIds: control.voters };
    case 'KRAFT_VERSION':
      if (control.level > dynamicVersion) {
        throw new UnusableFolder(
          `it has kraft.version ${control.level}; up to ${dynamicVersion} is supported`,
        );
      }
      return { ...quorum, kraftVersion: control.level };
    case 'KRAFT_VOTERS': {
      const voterIds = control.record.voters.map(({ voterId }) => voterId);
      return { ...quorum, voterIds, votersRecord: control.record };
    }
    case 'SNAPSHOT_HEADER':
    case 'SNAPSHOT_FOOTER':
    case 'ABORT':
    case 'COMMIT':
      return quorum;
  }
}

/**
 * The catalog is led by this node alone.
 *
 * @param directoryId  of the folder, by which a dynamic quorum tells a voter; undefined: not told
 * @throws {UnusableFolder} others vote, or this node does not
 */
export function requireSoleVoter(
  { voterIds, votersRecord }: Quorum,
  nodeId: number,
  directoryId: Uuid | undefined,
  folder: string,
): void {
  if (voterIds === undefined) return;
  const others = voterIds.filter((id) => id !== nodeId);
  if (others.length > 0) {
    const does = voterIds.includes(nodeId) ? 'together with' : 'without a vote among';
    throw new UnusableFolder(
      `the data folder ${folder} is of node ${nodeId} ${does} the controllers ${others.join(', ')}; ` +
        'only the folder of a single node that is broker and controller can be taken over',
    );
  }
  const own = votersRecord?.voters[0]?.voterDirectoryId;
  if (own !== undefined && directoryId !== undefined && own !== directoryId) {
    throw new UnusableFolder(
      `the data folder ${folder} has the directory id ${directoryId}, but its metadata log knows ` +
        `node ${nodeId} by ${own}; it may have been put together from two folders`,
    );
  }
}
