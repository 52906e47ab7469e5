import type { Group, GroupState } from './group.ts';
import { metadataFor, noAssignment } from './group.ts';

/** A group as tools see it. */
export interface GroupDescription {
  readonly groupId: string;
  readonly state: GroupState;
  readonly protocolType: string;
  /** The chosen protocol; '' unless the group is stable. */
  readonly protocolName: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly clientId: string;
    readonly clientHost: string;
    readonly metadata: Buffer;
    readonly assignment: Buffer;
  }[];
}

export interface GroupListing {
  readonly groupId: string;
  readonly protocolType: string;
  readonly state: GroupState;
  readonly type: 'classic';
}

/** What members told about themselves is only shown while it is what the group works by. */
export function describeGroup(group: Group): GroupDescription {
  const isStable = group.state === 'Stable';
  return {
    groupId: group.groupId,
    state: group.state,
    protocolType: group.protocolType ?? '',
    protocolName: isStable ? (group.protocolName ?? '') : '',
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: isStable ? metadataFor(member, group.protocolName) : noAssignment,
      assignment: member.assignment,
    })),
  };
}

export function listGroup(group: Group): GroupListing {
  return {
    groupId: group.groupId,
    protocolType: group.protocolType ?? '',
    state: group.state,
    type: 'classic',
  };
}
