import { zeroUuid } from '../../protocol/uuid.ts';
import type { Quorum } from './quorum.ts';
import { isDynamic } from './quorum.ts';
import { UnusableFolder } from './unusable-folder.ts';

/*
 * `quorum-state` in the metadata folder, in Kafka's JSON: which epochs have been used up. With one
 * voter a node elects itself, at a higher epoch at each start. `data_version` 0 lists static
 * voters; 1 is of a quorum whose voters are records of the log.
 */

/** The state of a node that leads in an epoch by its own vote alone. */
export function encodeQuorumState(quorum: Quorum, nodeId: number, leaderEpoch: number): string {
  if (isDynamic(quorum)) {
    return JSON.stringify({
      leaderId: nodeId,
      leaderEpoch,
      votedId: -1,
      votedDirectoryId: zeroUuid,
      data_version: 1,
    });
  }
  return JSON.stringify({
    clusterId: '',
    leaderId: nodeId,
    leaderEpoch,
    votedId: -1,
    appliedOffset: 0,
    currentVoters: [{ voterId: nodeId }],
    data_version: 0,
  });
}

export interface FoundQuorumState {
  /** The last used epoch. */
  readonly leaderEpoch: number;
  /** Of a static quorum, as the node was configured; empty: not told. */
  readonly voterIds: readonly number[];
}

/**
 * @param path  for the error message
 * @throws {UnusableFolder} a version we do not know, or not such a file
 */
export function decodeQuorumState(text: string, path: string): FoundQuorumState {
  const state = parse(text, path);
  if (state.data_version !== 0 && state.data_version !== 1) {
    throw new UnusableFolder(
      `${path} has data_version ${String(state.data_version)}; versions 0 and 1 are supported`,
    );
  }
  if (typeof state.leaderEpoch !== 'number') {
    throw new UnusableFolder(`${path} does not say its leaderEpoch`);
  }
  const { leaderEpoch, currentVoters } = state;
  const voters: unknown[] = Array.isArray(currentVoters) ? currentVoters : [];
  return { leaderEpoch, voterIds: voters.map(voterIdOf).filter((id) => id !== undefined) };
}

function voterIdOf(voter: unknown): number | undefined {
  if (typeof voter !== 'object' || voter === null || !('voterId' in voter)) return undefined;
  return typeof voter.voterId === 'number' ? voter.voterId : undefined;
}

function parse(text: string, path: string): Record<string, unknown> {
  try {
    const state: unknown = JSON.parse(text);
    if (typeof state === 'object' && state !== null) return state as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UnusableFolder(`${path} is not JSON`);
}
