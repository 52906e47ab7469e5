import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { heartbeat } from '../../protocol/messages/heartbeat.ts';
import { defineHandler } from '../handler.ts';

/** Heartbeat: a member says it lives, and learns whether a rebalance is running. */
export const heartbeatHandler = (groups: GroupCoordinator) =>
  defineHandler(heartbeat, {
    async answer({ groupId, generationId, memberId, groupInstanceId }) {
      const result = await groups.heartbeat({ groupId, generationId, memberId, groupInstanceId });
      return { errorCode: errorCodes[result] };
    },
    refuse: (errorCode) => ({ errorCode }),
  });
