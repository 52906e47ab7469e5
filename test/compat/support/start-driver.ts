import { fork, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { compiledJava } from './tool-runner.ts';
import { installClient, nodeFor } from './client-packages.ts';
import { kafkajsDriver } from './kafkajs-transactions.ts';
import { toolRunner } from './suite.ts';
import { ClientError, type DrivenClient, type TransactionDriver } from './transaction-driver.ts';

/** Makes a client ready, in a process of its own where it is not kafkajs. */
export async function startDriver(
  client: DrivenClient,
  bootstrapServers: string,
): Promise<TransactionDriver> {
  if (client === 'kafkajs') return kafkajsDriver(bootstrapServers);
  if (client === 'java') return javaDriver(bootstrapServers);
  const folder = await installClient(client);
  const script = client === 'librdkafka' ? 'transactions.cjs' : 'transactions.mjs';
  const child = fork(join(folder, script), [bootstrapServers], {
    execPath: nodeFor(client, folder),
  });
  const waiting = new Replies(client);
  child.on('message', (reply: Reply) => waiting.on(reply));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void ended.then(() => waiting.end());
  return waiting.driver(
    (message) => child.send(message),
    async () => {
      child.disconnect();
      await ended;
    },
  );
}

async function javaDriver(bootstrapServers: string): Promise<TransactionDriver> {
  const { libs } = toolRunner();
  const classes = await compiledJava('TransactionDriver', libs);
  const log = join(process.cwd(), 'test/compat/java/log4j2.xml');
  const child = spawn(
    'java',
    [
      ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      ...[`-Dlog4j2.configurationFile=${log}`, '-cp', `${join(libs, '*')}:${classes}`],
      ...['TransactionDriver', bootstrapServers],
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const waiting = new Replies('java');
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) waiting.on(JSON.parse(line) as Reply);
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void ended.then(() => waiting.end());
  return waiting.driver(
    (message) => child.stdin.write(`${JSON.stringify(message)}\n`),
    async () => {
      child.stdin.end();
      await ended;
    },
  );
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
}

/** Who waits for which reply of a driver. */
class Replies {
  private readonly waiting = new Map<number, (reply: Reply | Error) => void>();
  private last = 0;

  constructor(private readonly client: DrivenClient) {}

  on(reply: Reply): void {
    this.waiting.get(reply.id)?.(reply);
    this.waiting.delete(reply.id);
  }

  end(): void {
    const ended = new Error(`the driver of ${this.client} has ended`);
    for (const answer of this.waiting.values()) answer(ended);
    this.waiting.clear();
  }

  driver(send: (message: object) => void, close: () => Promise<void>): TransactionDriver {
    return {
      do: async (what, command) => {
        const id = (this.last += 1);
        const reply = new Promise<Reply | Error>((resolve) => this.waiting.set(id, resolve));
        send({ id, what, ...command });
        const answer = await reply;
        if (answer instanceof Error) throw answer;
        const { result, error, message = '' } = answer;
        if (error !== undefined) throw new ClientError(error, message);
        return result as never;
      },
      close,
    };
  }
}
