import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { leaveGroup } from '../../protocol/messages/leave-group.ts';
import { defineHandler } from '../handler.ts';

/** LeaveGroup: one member goes (v0-2), or several do (v3+), each with a result of its own. */
export const leaveGroupHandler = (groups: GroupCoordinator) =>
  defineHandler(leaveGroup, {
    async answer(request, { apiVersion }) {
      const leavers =
        apiVersion >= 3 ? request.members : [{ memberId: request.memberId, groupInstanceId: null }];
      const results = await groups.leave(
        request.groupId,
        leavers.map(({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId })),
      );
      if (apiVersion < 3) return { errorCode: errorCodes[results[0]?.error ?? 'NONE'] };
      return {
        errorCode: errorCodes.NONE,
        members: results.map(({ memberId, groupInstanceId, error }) => ({
          memberId,
          groupInstanceId,
          errorCode: errorCodes[error],
        })),
      };
    },
    refuse: (errorCode) => ({ errorCode }),
  });
