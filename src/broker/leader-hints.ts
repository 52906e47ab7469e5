import { endpointOf } from './catalog/cluster-view.ts';
import type { RequestContext } from './handler.ts';

export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface CurrentLeader {
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** Who leads instead: what a response tells a client that asked the wrong broker (KIP-951). */
export class LeaderHints {
  private readonly endpoints = new Map<number, NodeEndpoint>();

  constructor(private readonly context: RequestContext) {}

  /** The leader of a partition; its address goes to `nodeEndpoints`. */
  leaderOf(topicName: string | undefined, partition: number): CurrentLeader {
    const { image, listener } = this.context;
    const known = topicName === undefined ? undefined : image.topics.get(topicName);
    const found = known?.partitions[partition];
    if (found === undefined) return { leaderId: -1, leaderEpoch: -1 };
    const { leader, leaderEpoch } = found;
    const broker = image.brokers.get(leader);
    const endpoint = endpointOf(broker, listener);
    if (broker !== undefined && endpoint !== undefined && !broker.fenced) {
      const { host, port } = endpoint;
      this.endpoints.set(leader, { nodeId: leader, host, port, rack: broker.rack });
    }
    return { leaderId: leader, leaderEpoch };
  }

  get nodeEndpoints(): readonly NodeEndpoint[] {
    return [...this.endpoints.values()];
  }
}
