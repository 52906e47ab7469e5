import type { GroupCoordinator } from '../../coordination/group-coordinator.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { joinGroup } from '../../protocol/messages/join-group.ts';
import { defineHandler } from '../handler.ts';
import { javaAddress } from './java-address.ts';

/** JoinGroup: answered when the group's next round has its members. */
export const joinGroupHandler = (groups: GroupCoordinator) =>
  defineHandler(joinGroup, {
    async answer(request, context) {
      const { apiVersion } = context;
      const { sessionTimeoutMs, rebalanceTimeoutMs } = request;
      const reply = await groups.join(
        {
          groupId: request.groupId,
          memberId: request.memberId,
          groupInstanceId: request.groupInstanceId,
          clientId: context.clientId ?? '',
          clientHost: javaAddress(context.clientHost),
          protocolType: request.protocolType,
          // Copies: the group keeps them longer than the request lives.
          protocols: request.protocols.map(({ name, metadata }) => ({
            name,
            metadata: Buffer.from(metadata),
          })),
          sessionTimeoutMs,
          // v0 has none.
          rebalanceTimeoutMs: apiVersion === 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
          takesMemberId: apiVersion >= 4,
          takesSkipAssignment: apiVersion >= 9,
        },
        context.caller,
      );
      return {
        errorCode: errorCodes[reply.error],
        generationId: reply.generationId,
        protocolType: reply.protocolType,
        protocolName: protocolNameAt(apiVersion, reply.protocolName),
        leader: reply.leaderId,
        skipAssignment: reply.skipAssignment,
        memberId: reply.memberId,
        members: reply.members,
      };
    },
    refuse: (errorCode, _message, _request, { apiVersion }) => ({
      errorCode,
      protocolName: protocolNameAt(apiVersion, null),
      leader: '',
      memberId: '',
      members: [],
    }),
  });

/** No protocol is null from v7 on, and '' before. */
function protocolNameAt(apiVersion: number, name: string | null): string | null {
  if (apiVersion < 7) return name ?? '';
  return name === '' ? null : name;
}
