import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { syncGroup } from '../../protocol/messages/sync-group.ts';
import { defineHandler } from '../handler.ts';

/** SyncGroup: the leader brings the assignment, everybody is given its own. */
export const syncGroupHandler = (groups: GroupCoordinator) =>
  defineHandler(syncGroup, {
    async answer(request, context) {
      const { protocolType, protocolName } = request;
      if (context.apiVersion >= 5 && (protocolType === null || protocolName === null)) {
        throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', 'v5 must name type and protocol');
      }
      const reply = await groups.sync(
        {
          groupId: request.groupId,
          generationId: request.generationId,
          memberId: request.memberId,
          groupInstanceId: request.groupInstanceId,
          protocolType,
          protocolName,
          // Copies: the group keeps them longer than the request lives.
          assignments: request.assignments.map(({ memberId, assignment }) => ({
            memberId,
            assignment: Buffer.from(assignment),
          })),
        },
        context.caller,
      );
      return {
        errorCode: errorCodes[reply.error],
        protocolType: reply.protocolType,
        protocolName: reply.protocolName,
        assignment: reply.assignment,
      };
    },
    refuse: (errorCode) => ({ errorCode, assignment: Buffer.alloc(0) }),
  });
