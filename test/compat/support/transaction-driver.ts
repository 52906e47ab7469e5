/** The clients whose transactions are tried; each of them does the same commands. */
export const driven = ['kafkajs', 'librdkafka', 'java', 'platformatic'] as const;
export type DrivenClient = (typeof driven)[number];

export type Isolation = 'read_committed' | 'read_uncommitted';

/** What a driver does. `name` is that of a producer or of a reader; commands of one name come one by one. */
export interface TransactionCommands {
  /** A producer takes over a transactional id. @platformatic/kafka does it with the first transaction. */
  open(command: {
    name: string;
    transactionalId: string;
    timeoutMs?: number;
    compression?: string;
  }): void;
  begin(command: { name: string }): void;
  /** Writes all values to each of the partitions, and waits for the acknowledgements. */
  send(command: { name: string; topic: string; partitions: number[]; values: string[] }): void;
  /**
   * One whole transaction: a member of the group reads `count` records from partition 0 of `input`, beginning where the
   * group has committed, writes them to `output`, sends the offset and ends the transaction, or leaves it open.
   *
   * @returns  the values
   */
  transform(command: {
    name: string;
    groupId: string;
    input: string;
    output: string;
    count: number;
    outcome: 'commit' | 'abort' | 'open';
  }): string[];
  commit(command: { name: string }): void;
  abort(command: { name: string }): void;
  close(command: { name: string }): void;
  /** Begins to read a topic from its beginning. */
  follow(command: {
    name: string;
    topic: string;
    partitionCount: number;
    isolation: Isolation;
  }): void;
  /** What a reader has read so far, by partition; of a long value its first word and its length. */
  seen(command: { name: string }): Record<string, string[]>;
  unfollow(command: { name: string }): void;
  /** End offset of partition 0: the high watermark, or the last stable offset. */
  end(command: { topic: string; isolation: Isolation }): number;
  /** The offset that a group has committed in partition 0; what is pending is waited for, or refused. */
  committed(command: { groupId: string; topic: string; patienceMs: number }): number | null;
}
export type CommandName = keyof TransactionCommands;

/** What a client said in the place of doing something. */
export class ClientError extends Error {
  override readonly name = 'ClientError';

  /** @param said  the client's own name of the error */
  constructor(
    readonly said: string,
    message: string,
  ) {
    super(`${said}: ${message}`);
  }
}

export interface TransactionDriver {
  /** @throws {ClientError} */
  do<C extends CommandName>(
    what: C,
    command: Parameters<TransactionCommands[C]>[0],
  ): Promise<ReturnType<TransactionCommands[C]>>;
  close(): Promise<void>;
}
