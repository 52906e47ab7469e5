import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { deleteGroups } from '../../protocol/messages/delete-groups.ts';
import { defineHandler } from '../handler.ts';

/** DeleteGroups: empty groups and all their offsets go. */
export const deleteGroupsHandler = (groups: GroupCoordinator) =>
  defineHandler(deleteGroups, {
    async answer({ groupsNames }) {
      const results: { groupId: string; errorCode: ErrorCode }[] = [];
      for (const groupId of new Set(groupsNames)) {
        results.push({ groupId, errorCode: await deleteOne(groups, groupId) });
      }
      return { throttleTimeMs: 0, results };
    },
    refuse: (errorCode, _message, { groupsNames }) => ({
      throttleTimeMs: 0,
      results: groupsNames.map((groupId) => ({ groupId, errorCode })),
    }),
  });

async function deleteOne(groups: GroupCoordinator, groupId: string): Promise<ErrorCode> {
  try {
    await groups.deleteGroup(groupId);
    return errorCodes.NONE;
  } catch (error) {
    if (error instanceof KafkaError) return errorCodes[error.code];
    throw error;
  }
}
