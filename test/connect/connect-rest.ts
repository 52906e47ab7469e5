import { setTimeout as pause } from 'node:timers/promises';

const retryMs = 200;
const giveUpMs = 90_000;
/** A worker that stops waits for connections that are kept, for up to a minute. */
const notKept = { connection: 'close' };

export interface ConnectorStatus {
  readonly connector: RunState;
  readonly tasks: readonly RunState[];
}
export interface RunState {
  readonly state: string;
  readonly worker_id: string;
  readonly trace?: string;
}

export interface ConnectorOffset {
  readonly partition: Readonly<Record<string, unknown>>;
  readonly offset: Readonly<Record<string, unknown>>;
}

/** The REST interface of one worker. Most requests are passed on by Kafka Connect to the leader of the workers. */
export class ConnectRest {
  constructor(private readonly url: string) {}

  /** Whether the worker is in its group and answers. */
  async isHealthy(): Promise<boolean> {
    const response = await fetch(`${this.url}/health`, { headers: notKept }).catch(() => null);
    await response?.text().catch(() => '');
    return response?.ok ?? false;
  }

  async create(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.send('POST', '/connectors', { name, config });
  }

  async stop(name: string): Promise<void> {
    await this.send('PUT', `/connectors/${name}/stop`);
  }

  async resume(name: string): Promise<void> {
    await this.send('PUT', `/connectors/${name}/resume`);
  }

  async delete(name: string): Promise<void> {
    await this.send('DELETE', `/connectors/${name}`);
  }

  async names(): Promise<string[]> {
    return (await this.send('GET', '/connectors')) as string[];
  }

  async status(name: string): Promise<ConnectorStatus> {
    return (await this.send('GET', `/connectors/${name}/status`)) as ConnectorStatus;
  }

  async offsets(name: string): Promise<readonly ConnectorOffset[]> {
    const { offsets } = (await this.send('GET', `/connectors/${name}/offsets`)) as {
      offsets: ConnectorOffset[];
    };
    return offsets;
  }

  /** Forgets where a stopped connector is. */
  async resetOffsets(name: string): Promise<void> {
    await this.send('DELETE', `/connectors/${name}/offsets`);
  }

  /** A request that is repeated while workers rebalance or time out, as its answer (409, 500) asks for. */
  private async send(method: string, path: string, body?: object): Promise<unknown> {
    const deadline = performance.now() + giveUpMs;
    for (let isAgain = false; ; isAgain = true) {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: { ...notKept, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (response.ok) return text === '' ? null : JSON.parse(text);
      if (isAgain && method === 'POST' && text.includes('already exists')) return null;
      if (isAgain && method === 'DELETE' && response.status === 404) return null;
      const mayChange =
        response.status === 409 || response.status >= 500 || response.status === 404;
      if (!mayChange || performance.now() > deadline) {
        throw new Error(`${method} ${path}: ${response.status} ${text}`);
      }
      await pause(retryMs);
    }
  }
}
