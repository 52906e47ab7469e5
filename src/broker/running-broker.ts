/** A running broker, or several of them in one process. */
export interface RunningBroker extends AsyncDisposable {
  /** What clients are given to connect: `host:port`, or `[::1]:port`; one per running broker, comma separated. */
  readonly bootstrapServers: string;
  /** Port of the first broker. */
  readonly port: number;
  readonly clusterId: string;
  /** Ids of the brokers, running or not. */
  readonly brokerIds: readonly number[];
  /** Stops one of several brokers: its leaderships and groups move to the others. */
  stopBroker(id: number): Promise<void>;
  /** Starts a stopped broker again, on its former ports. */
  startBroker(id: number): Promise<void>;
  /**
   * Answers what is under way, closes listeners, connections and files. Nothing is left behind.
   * Calling it again waits for the same end.
   */
  close(): Promise<void>;
}
