import type { BrokerConfig } from './broker-config.ts';
import { ConfigError } from './config-error.ts';

/** A listener that clients use. */
export interface ListenerConfig {
  readonly name: string;
  /** Empty: all addresses. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** What clients are told; port 0: the one it is bound to. */
  readonly advertisedHost: string;
  readonly advertisedPort: number;
  /** Kafka's SecurityProtocol id. */
  readonly securityProtocol: number;
}

interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const plaintextId = 0;
const highestPort = 65_535;
const protocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];
/** Addresses that mean "all": nobody can connect to them. */
const wildcards = ['', '0.0.0.0', '::', '0:0:0:0:0:0:0:0'];

/** Names of listeners that only controllers use; they are not opened. */
export const controllerListeners = (config: BrokerConfig): string[] =>
  config.get('controller.listener.names').map((name) => name.toUpperCase());

/**
 * The listeners of one broker.
 *
 * @param overrides  host and port given apart from the properties: those of the first listener
 * @param index      of the broker in its process; ports that are not 0 move up by it
 * @throws {ConfigError} what cannot be served, or contradicts itself
 */
export function listenersOf(
  config: BrokerConfig,
  overrides: { readonly host?: string; readonly port?: number } = {},
  index = 0,
): ListenerConfig[] {
  const own = clientEndpoints(config);
  const advertised = advertisedEndpoints(config, own);
  requireInterBrokerListener(config, own);
  const listeners = own.map(({ name, host, port }, position) => {
    const isFirst = position === 0;
    const boundHost = (isFirst ? overrides.host : undefined) ?? host;
    const boundPort = (isFirst ? overrides.port : undefined) ?? port;
    const told = advertised.get(name);
    return {
      name,
      host: boundHost,
      port: moved('listeners', boundPort, index),
      advertisedHost: told?.host ?? (wildcards.includes(boundHost) ? 'localhost' : boundHost),
      advertisedPort: moved('advertised.listeners', told?.port ?? 0, index),
      securityProtocol: plaintextId,
    };
  });
  requireApart(listeners, index);
  return listeners;
}

function moved(key: string, port: number, index: number): number {
  if (port === 0) return 0;
  if (port + index <= highestPort) return port + index;
  const brokers = `brokers after the first have the ports that follow ${port}`;
  throw new ConfigError(`${key}: ${brokers}, and ${highestPort} is the last that there is`);
}

/** Where a listener has come to a port that another one of an earlier broker has. */
function requireApart(listeners: readonly ListenerConfig[], index: number): void {
  for (const { name, host, port } of listeners) {
    const other = listeners.find(
      (one) => one.host === host && one.port - index <= port && port < one.port,
    );
    if (port === 0 || other === undefined) continue;
    throw new ConfigError(
      `listeners: a further broker's ${name} would have port ${port}, which is one of ${other.name}; ` +
        'leave room between the ports, one for each broker',
    );
  }
}

function clientEndpoints(config: BrokerConfig): Endpoint[] {
  const forControllers = controllerListeners(config);
  const all = parseEndpoints('listeners', config.get('listeners'));
  requireDistinct(all);
  const own = all.filter(({ name }) => !forControllers.includes(name));
  for (const { name } of own) requirePlaintext(config, name);
  if (own.length === 0) {
    throw new ConfigError('listeners: none is left for clients; all are controller.listener.names');
  }
  return own;
}

function advertisedEndpoints(
  config: BrokerConfig,
  own: readonly Endpoint[],
): ReadonlyMap<string, Endpoint> {
  const key = 'advertised.listeners';
  const forControllers = controllerListeners(config);
  const told = parseEndpoints(key, config.get(key) ?? []).filter(
    ({ name }) => !forControllers.includes(name),
  );
  for (const { name, host } of told) {
    if (!own.some((listener) => listener.name === name)) {
      const known = own.map((listener) => listener.name).join(', ');
      throw new ConfigError(`${key}: there is no listener ${name} in listeners (${known})`);
    }
    if (wildcards.includes(host)) {
      const value = host === '' ? 'an empty host' : host;
      throw new ConfigError(
        `${key}: clients cannot connect to ${value}; name a host they can reach`,
      );
    }
  }
  return new Map(told.map((endpoint) => [endpoint.name, endpoint]));
}

const endpointPattern = /^(.*):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+)$/;

function parseEndpoints(key: string, texts: readonly string[]): Endpoint[] {
  return texts.map((text) => {
    const [, name = '', host = '', digits = ''] = endpointPattern.exec(text) ?? [];
    const port = Number(digits);
    if (name === '' || digits === '' || port < 0 || port > highestPort) {
      throw new ConfigError(
        `Invalid value ${text} for configuration ${key}: NAME://HOST:PORT is wanted, with a port ` +
          `from 0 to ${highestPort}`,
      );
    }
    return { name: name.toUpperCase(), host, port };
  });
}

function requireDistinct(endpoints: readonly Endpoint[]): void {
  const names = new Set<string>();
  const addresses = new Set<string>();
  for (const { name, host, port } of endpoints) {
    if (names.has(name)) throw new ConfigError(`listeners: there are two listeners ${name}`);
    names.add(name);
    // One port may be listened on twice only by IPv4 and IPv6.
    const address = `${host.includes(':') ? 'IPv6' : 'IPv4'} ${port}`;
    if (port !== 0 && addresses.has(address)) {
      throw new ConfigError(`listeners: port ${port} is given twice`);
    }
    addresses.add(address);
  }
}

function requirePlaintext(config: BrokerConfig, name: string): void {
  const protocol = securityProtocol(config, name);
  if (protocol !== 'PLAINTEXT') {
    throw new ConfigError(
      `listeners: ${name} asks for ${protocol}, which is not served yet; only PLAINTEXT is`,
    );
  }
}

function securityProtocol(config: BrokerConfig, listener: string): string {
  const key = 'listener.security.protocol.map';
  for (const pair of config.get(key).split(',')) {
    const [name = '', protocol = ''] = pair.split(':').map((part) => part.trim().toUpperCase());
    if (name !== listener) continue;
    if (!protocols.includes(protocol)) {
      throw new ConfigError(
        `Invalid value ${pair.trim()} for configuration ${key}: ` +
          `the protocol must be one of ${protocols.join(', ')}`,
      );
    }
    return protocol;
  }
  throw new ConfigError(`${key}: no security protocol is given for listener ${listener}`);
}

function requireInterBrokerListener(config: BrokerConfig, own: readonly Endpoint[]): void {
  const key = 'inter.broker.listener.name';
  const name = config.get(key)?.toUpperCase();
  if (name !== undefined && !own.some((listener) => listener.name === name)) {
    throw new ConfigError(`Invalid value ${name} for configuration ${key}: no such listener`);
  }
}
