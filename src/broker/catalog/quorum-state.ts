import { UnusableFolder } from './unusable-folder.ts';

/**
 * `quorum-state` in the metadata folder, in Kafka's JSON (data_version 0, static voters): which
 * epochs have been used up. With one voter a node elects itself, at a higher epoch at each start.
 */
export function encodeQuorumState(nodeId: number, leaderEpoch: number): string {
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

/**
 * @param path  for the error message
 * @returns the last used epoch
 * @throws {UnusableFolder} a version we do not know, or not such a file
 */
export function decodeQuorumState(text: string, path: string): number {
  const state = parse(text, path);
  if (state.data_version !== 0) {
    throw new UnusableFolder(
      `${path} has data_version ${String(state.data_version)}; only version 0 (static voters) is supported`,
    );
  }
  if (typeof state.leaderEpoch !== 'number') {
    throw new UnusableFolder(`${path} does not say its leaderEpoch`);
  }
  return state.leaderEpoch;
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
