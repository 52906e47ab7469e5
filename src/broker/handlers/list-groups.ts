import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { listGroups } from '../../protocol/messages/list-groups.ts';
import { defineHandler } from '../handler.ts';

/** ListGroups: the groups that this broker is in charge of. */
export const listGroupsHandler = (groups: GroupCoordinator) =>
  defineHandler(listGroups, {
    answer: ({ statesFilter, typesFilter }) => ({
      errorCode: errorCodes.NONE,
      groups: groups
        .list({ states: statesFilter, types: typesFilter })
        .map(({ groupId, protocolType, state, type }) => ({
          groupId,
          protocolType,
          groupState: state,
          groupType: type,
        })),
    }),
    refuse: (errorCode) => ({ errorCode, groups: [] }),
  });
