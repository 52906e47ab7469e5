import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { describeGroups } from '../../protocol/messages/describe-groups.ts';
import { defineHandler } from '../handler.ts';

/** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS: everything there is to do with a group. */
const allGroupOperations = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);

/** DescribeGroups: state and members of classic groups. */
export const describeGroupsHandler = (groups: GroupCoordinator) =>
  defineHandler(describeGroups, {
    answer: ({ groups: groupIds, includeAuthorizedOperations }, { apiVersion }) => ({
      groups: groupIds.map((groupId) => {
        const group = describeOne(groups, groupId, apiVersion);
        // Everybody may do everything as long as there is no authorizer.
        return includeAuthorizedOperations && group.errorCode === errorCodes.NONE
          ? { ...group, authorizedOperations: allGroupOperations }
          : group;
      }),
    }),
    refuse: (errorCode, _message, { groups: groupIds }) => ({
      groups: groupIds.map((groupId) => unknownGroup(groupId, '', errorCode)),
    }),
  });

function describeOne(groups: GroupCoordinator, groupId: string, apiVersion: number) {
  try {
    const group = groups.describe(groupId);
    return {
      errorCode: errorCodes.NONE,
      groupId,
      groupState: group.state,
      protocolType: group.protocolType,
      protocolData: group.protocolName,
      members: group.members.map(({ metadata, assignment, ...member }) => ({
        ...member,
        memberMetadata: metadata,
        memberAssignment: assignment,
      })),
    };
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    if (error.code !== 'GROUP_ID_NOT_FOUND') {
      return unknownGroup(groupId, '', errorCodes[error.code]);
    }
    // Before v6 a group that does not exist is a dead one.
    if (apiVersion < 6) return unknownGroup(groupId, 'Dead', errorCodes.NONE);
    const group = unknownGroup(groupId, 'Dead', errorCodes.GROUP_ID_NOT_FOUND);
    return { ...group, errorMessage: error.message };
  }
}

function unknownGroup(groupId: string, groupState: string, errorCode: ErrorCode) {
  return { errorCode, groupId, groupState, protocolType: '', protocolData: '', members: [] };
}
