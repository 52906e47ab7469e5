import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apacheKafka } from '../../../scripts/apache-kafka/apache-kafka.ts';
import { BrokerProcess, freePorts } from '../../../scripts/apache-kafka/broker-process.ts';
import { buildOdradek, builtOdradek } from '../../compat/support/built-odradek.ts';
import type { SuiteBroker } from './suite.ts';

/** What `--start` can start; `nothing` is an address where nobody listens. */
export const startable = ['odradek', 'apache', 'nothing'] as const;
export type Startable = (typeof startable)[number];

export interface StartOptions {
  /** A broker that runs already. */
  readonly bootstrap: string | undefined;
  readonly start: Startable | undefined;
  /** On top of what the suite asks for. */
  readonly settings: Readonly<Record<string, string>>;
  /** For properties, data and output. */
  readonly folder: string;
}

export interface StartedBroker {
  readonly bootstrapServers: string;
  close(): Promise<void>;
}

/** The broker of a run: the given one, or a new one started as the suite needs it. */
export async function startFor(wanted: SuiteBroker, options: StartOptions): Promise<StartedBroker> {
  if (options.bootstrap !== undefined) {
    return { bootstrapServers: options.bootstrap, close: async () => undefined };
  }
  const broker = { ...wanted, settings: { ...wanted.settings, ...options.settings } };
  switch (options.start) {
    case 'odradek':
      return startOdradek(broker, options.folder);
    case 'apache':
      return startApache(broker, options.folder);
    case 'nothing':
      return {
        bootstrapServers: `127.0.0.1:${(await freePorts(1))[0]}`,
        close: async () => undefined,
      };
    case undefined:
      throw new Error('neither --bootstrap nor --start');
  }
}

async function startApache(wanted: SuiteBroker, folder: string): Promise<StartedBroker> {
  const { brokers = 1, port, firstId, host, settings } = wanted;
  const kafka = await apacheKafka({
    repository: process.cwd(),
    folder: join(folder, 'apache'),
    ...{ brokers, settings },
    ...(port !== undefined && { ports: portsFrom(port, brokers) }),
    ...(firstId !== undefined && { firstId }),
    ...(host !== undefined && { host }),
  });
  await kafka.start(600_000); // beside other work, three JVMs take minutes
  return {
    bootstrapServers: kafka.bootstrapServers,
    close: async () => kafka.stop('SIGKILL'),
  };
}

async function startOdradek(wanted: SuiteBroker, folder: string): Promise<StartedBroker> {
  const { brokers = 1, firstId = 1, host = '127.0.0.1' } = wanted;
  await buildOdradek();
  const ports = portsFrom(wanted.port ?? (await freePorts(1))[0] ?? 0, brokers);
  const settings = { 'node.id': String(firstId), ...wanted.settings };
  const properties = join(folder, 'server.properties');
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(properties, lines.join(''));
  const broker = new BrokerProcess({
    name: 'Odradek',
    command: process.execPath,
    args: [
      ...[builtOdradek, '--config', properties, '--data', join(folder, 'data')],
      ...['--host', host, '--port', String(ports[0]), '--brokers', String(brokers)],
    ],
    ports,
    outputFile: join(folder, 'odradek.log'),
  });
  await broker.start(20_000);
  return {
    bootstrapServers: ports.map((port) => `${host}:${port}`).join(','),
    close: async () => {
      const code = await broker.stop();
      if (code !== 0) throw new Error(`Odradek ended with ${code}\n${await broker.output()}`);
    },
  };
}

/** Our brokers in one process listen on ports that follow each other. */
function portsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
