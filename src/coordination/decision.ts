import type { ErrorName } from '../protocol/error-codes.ts';
import type { Group } from './group.ts';
import type { GroupRecord } from './group-record.ts';
import type { GroupSettings } from './settings.ts';

/** What a member reads in its JoinGroup response. */
export interface JoinReply {
  readonly error: ErrorName;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leaderId: string;
  /** The group is stable already, so the leader must not assign anew (v9+). */
  readonly skipAssignment: boolean;
  readonly memberId: string;
  /** For the leader only: whom to assign partitions to. */
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly metadata: Buffer;
  }[];
}

/** What a member reads in its SyncGroup response. */
export interface SyncReply {
  readonly error: ErrorName;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

export function refusedJoin(error: ErrorName, memberId = ''): JoinReply {
  return {
    error,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leaderId: '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

const noBytes = Buffer.alloc(0);

export function refusedSync(error: ErrorName): SyncReply {
  return { error, protocolType: null, protocolName: null, assignment: noBytes };
}

/**
 * A deadline of a group: `session:<memberId>` (a member must be heard of), `join` (a rebalance must
 * have its members), `sync` (members must have fetched their assignment).
 */
export type DeadlineKey = 'join' | 'sync' | `session:${string}`;

/** What follows a decision outside of the group itself. Carried out once its records are written. */
export type Effect =
  | { readonly do: 'answerJoin'; readonly memberId: string; readonly reply: JoinReply }
  | { readonly do: 'answerSync'; readonly memberId: string; readonly reply: SyncReply }
  | { readonly do: 'setDeadline'; readonly key: DeadlineKey; readonly delayMs: number }
  | { readonly do: 'cancelDeadline'; readonly key: DeadlineKey };

/** To the one who asked: a reply, or the member under whose id the request waits for one. */
export type Outcome<R> = { readonly reply: R } | { readonly parkedAs: string };

export interface Decision<R> {
  /** The group from now on, apart from what its records will make of it. */
  readonly group: Group;
  /** To be written before anything else happens. */
  readonly records: readonly GroupRecord[];
  readonly effects: readonly Effect[];
  readonly outcome: Outcome<R>;
  /**
   * What to do when the records could not be written. Without it nothing has happened: the group
   * stays as it was, and the one who asked hears the error.
   */
  readonly otherwise?: ((error: ErrorName) => Decision<R>) | undefined;
}

/**
 * A decision in the making. Rules change it step by step; the group in it is replaced, never
 * modified, so the group it began with stays what it was.
 */
export class Draft {
  readonly records: GroupRecord[] = [];
  readonly effects: Effect[] = [];

  constructor(
    public group: Group,
    readonly settings: GroupSettings,
    readonly nowMs: number,
  ) {}

  change(changes: Partial<Group>): void {
    this.group = { ...this.group, ...changes };
  }

  setDeadline(key: DeadlineKey, delayMs: number): void {
    this.effects.push({ do: 'setDeadline', key, delayMs });
  }

  cancelDeadline(key: DeadlineKey): void {
    this.effects.push({ do: 'cancelDeadline', key });
  }

  /**
   * The finished decision. When its records only confirm what memory holds anyway (a group that
   * became empty), a failure to write them changes nothing: an older round in the log has members
   * that time out after a restart.
   */
  decide<R>(outcome: Outcome<R>): Decision<R> {
    const decided = { group: this.group, records: this.records, effects: this.effects, outcome };
    const anyway: Decision<R> = { ...decided, records: [] };
    return { ...decided, otherwise: this.records.length > 0 ? () => anyway : undefined };
  }
}

export function reply<R>(value: R): Outcome<R> {
  return { reply: value };
}
