import { findCoordinator } from '../../src/protocol/messages/find-coordinator.ts';
import type { RawClient } from './raw-client.ts';

/** Id of the broker in charge of a group; its topic is there afterwards. */
export async function groupCoordinator(client: RawClient, groupId: string): Promise<number> {
  const response = await client.request(findCoordinator, 4, {
    keyType: 0,
    coordinatorKeys: [groupId],
  });
  const [found] = response.coordinators;
  if (found?.errorCode !== 0) throw new Error(`no coordinator: ${found?.errorMessage}`);
  return found.nodeId;
}
