import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { apacheKafka } from '../../scripts/apache-kafka/apache-kafka.ts';
import { BrokerProcess, freePorts } from '../../scripts/apache-kafka/broker-process.ts';
import type { TargetName } from '../compat/support/brokers.ts';
import { builtOdradek } from '../compat/support/built-odradek.ts';

const run = promisify(execFile);

/** A broker on disk that is killed and started again on the same port and folder. */
export interface VictimBroker {
  readonly bootstrapServers: string;
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Stops it cleanly: what was wrong with that, with what it logged and with its folder. */
  stop(): Promise<string[]>;
}

/** @param folder  for its data and what it prints */
export async function victimBroker(target: TargetName, folder: string): Promise<VictimBroker> {
  return target === 'odradek' ? odradek(folder) : apache(folder);
}

async function apache(folder: string): Promise<VictimBroker> {
  const kafka = await apacheKafka({ repository: process.cwd(), folder });
  return {
    bootstrapServers: kafka.bootstrapServers,
    start: async () => kafka.start(),
    kill: async () => kafka.stop('SIGKILL'),
    stop: async () => {
      await kafka.stop();
      return []; // it is the measure, and not what is tested
    },
  };
}

async function odradek(folder: string): Promise<VictimBroker> {
  const [port = 0] = await freePorts(1);
  const data = join(folder, 'data');
  const outputFile = join(folder, 'odradek.log');
  const broker = new BrokerProcess({
    name: 'Odradek',
    command: process.execPath,
    args: [builtOdradek, '--json', '--port', String(port), '--data', data],
    ports: [port],
    outputFile,
  });
  return {
    bootstrapServers: `127.0.0.1:${port}`,
    start: async () => broker.start(60_000),
    kill: async () => {
      await broker.stop('SIGKILL');
    },
    stop: async () => {
      const code = await broker.stop();
      return [
        ...(code === 0 ? [] : [`the broker ended with ${code ?? 'a signal'}`]),
        ...(await complaints(outputFile)),
        ...(await check(data)),
      ];
    },
  };
}

/** What it logged as an error, and what is no line of its log: a crash of its own. */
async function complaints(outputFile: string): Promise<string[]> {
  const lines = (await readFile(outputFile, 'utf8')).split('\n').filter((line) => line !== '');
  return lines
    .filter((line) => !line.startsWith('{') || /"level":"error"/.test(line))
    .map((line) => `the broker complained: ${line}`);
}

async function check(data: string): Promise<string[]> {
  try {
    await run(process.execPath, [builtOdradek, 'check', '--data', data]);
    return [];
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return [`odradek check: ${stdout ?? ''} ${stderr ?? String(error)}`];
  }
}
