import { describe, expect, it, test } from '@jest/globals';
import { BrokerConfig } from '../../../../src/broker/config/broker-config.ts';
import { listenersOf } from '../../../../src/broker/config/listeners.ts';
import { notices } from '../../../../src/broker/config/notices.ts';

const of = (
  properties: Record<string, string>,
  overrides: { host?: string; port?: number } = {},
  index = 0,
) => listenersOf(new BrokerConfig({ properties }), overrides, index);

/** As `NAME host:port told host:port`. */
const shown = (...args: Parameters<typeof of>) =>
  of(...args).map(
    (l) => `${l.name} ${l.host}:${l.port} told ${l.advertisedHost}:${l.advertisedPort}`,
  );

const twoNames = 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT';

describe('listeners', () => {
  test.each<[about: string, properties: Record<string, string>, expected: string[]]>([
    ['by default', {}, ['PLAINTEXT 127.0.0.1:9092 told 127.0.0.1:0']],
    ['on all addresses', { listeners: 'PLAINTEXT://:9' }, ['PLAINTEXT :9 told localhost:0']],
    [
      'on 0.0.0.0',
      { listeners: 'plaintext://0.0.0.0:9' },
      ['PLAINTEXT 0.0.0.0:9 told localhost:0'],
    ],
    ['on IPv6', { listeners: 'PLAINTEXT://[::1]:9' }, ['PLAINTEXT ::1:9 told ::1:0']],
    ['on a free port', { listeners: 'PLAINTEXT://h:0' }, ['PLAINTEXT h:0 told h:0']],
    [
      'advertised as something else',
      { listeners: 'PLAINTEXT://:9', 'advertised.listeners': 'PLAINTEXT://kafka.test:29092' },
      ['PLAINTEXT :9 told kafka.test:29092'],
    ],
    [
      'several, one of them advertised',
      {
        listeners: 'INSIDE://:9, OUTSIDE://:10',
        'advertised.listeners': 'OUTSIDE://a.b:11',
        'listener.security.protocol.map': twoNames,
        'inter.broker.listener.name': 'INSIDE',
      },
      ['INSIDE :9 told localhost:0', 'OUTSIDE :10 told a.b:11'],
    ],
    [
      'without those of the controller',
      {
        'process.roles': 'broker,controller',
        listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
        'controller.listener.names': 'CONTROLLER',
        'advertised.listeners': 'PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093',
      },
      ['PLAINTEXT :9092 told localhost:9092'],
    ],
  ])('%s', (_about, properties, expected) => {
    expect(shown(properties)).toEqual(expected);
  });

  it('of further brokers have the ports that follow', () => {
    const properties = {
      listeners: 'PLAINTEXT://:9092',
      'advertised.listeners': 'PLAINTEXT://kafka.test:19092',
    };
    expect(shown(properties, {}, 2)).toEqual(['PLAINTEXT :9094 told kafka.test:19094']);
    expect(shown({ listeners: 'PLAINTEXT://:0' }, {}, 2)).toEqual([
      'PLAINTEXT :0 told localhost:0',
    ]);
  });

  it('of further brokers have no port above the last, and none of another listener', () => {
    const last = { listeners: 'PLAINTEXT://:65534' };
    expect(shown(last, {}, 1)).toEqual(['PLAINTEXT :65535 told localhost:0']);
    const words = 'ports that follow 65534, and 65535 is the last';
    expect(() => shown(last, {}, 2)).toThrow(
      `listeners: brokers after the first have the ${words}`,
    );
    const told = { 'advertised.listeners': 'PLAINTEXT://h:65534' };
    expect(() => shown(told, {}, 2)).toThrow(`advertised.listeners: brokers after the first`);
    const two = {
      listeners: 'INSIDE://:9094,OUTSIDE://:9092',
      'listener.security.protocol.map': twoNames,
      'inter.broker.listener.name': 'INSIDE',
    };
    expect(shown(two, {}, 1)).toHaveLength(2);
    expect(() => shown(two, {}, 2)).toThrow(
      "a further broker's OUTSIDE would have port 9094, which is one of INSIDE; leave room",
    );
  });

  it('take host and port given apart, the first one', () => {
    expect(shown({}, { host: '0.0.0.0', port: 5 }, 1)).toEqual([
      'PLAINTEXT 0.0.0.0:6 told localhost:0',
    ]);
  });

  test.each<[properties: Record<string, string>, message: string]>([
    [
      { listeners: 'PLAINTEXT:9092' },
      'PLAINTEXT:9092 for configuration listeners: NAME://HOST:PORT',
    ],
    [{ listeners: 'PLAINTEXT://h:70000' }, 'a port from 0 to 65535'],
    [{ listeners: '' }, "Configuration 'listeners' must not be empty"],
    [{ listeners: 'SASL_SSL://:9' }, 'SASL_SSL asks for SASL_SSL, which is not served yet'],
    [
      { listeners: 'IN://:9', 'listener.security.protocol.map': 'IN:SSL' },
      'IN asks for SSL, which is not served yet; only PLAINTEXT is',
    ],
    [{ listeners: 'IN://:9' }, 'no security protocol is given for listener IN'],
    [
      { listeners: 'IN://:9', 'listener.security.protocol.map': 'IN:TLS' },
      'the protocol must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL',
    ],
    [{ listeners: 'PLAINTEXT://:9,PLAINTEXT://:10' }, 'there are two listeners PLAINTEXT'],
    [
      {
        listeners: 'INSIDE://:9,OUTSIDE://:9',
        'listener.security.protocol.map': twoNames,
      },
      'port 9 is given twice',
    ],
    [
      { 'advertised.listeners': 'OTHER://h:1' },
      'there is no listener OTHER in listeners (PLAINTEXT)',
    ],
    [{ 'advertised.listeners': 'PLAINTEXT://0.0.0.0:1' }, 'clients cannot connect to 0.0.0.0'],
    [{ 'advertised.listeners': 'PLAINTEXT://:1' }, 'clients cannot connect to an empty host'],
    [{ 'inter.broker.listener.name': 'INSIDE' }, 'Invalid value INSIDE for configuration inter.br'],
    [{ 'controller.listener.names': 'PLAINTEXT' }, 'none is left for clients'],
  ])('%j is refused', (properties, message) => {
    expect(() => of(properties)).toThrow(message);
  });
});

describe('what is worth telling at the start', () => {
  it('is nothing without configuration', () => {
    expect(notices(new BrokerConfig())).toEqual([]);
  });

  it('are unknown names in one line, ignored listeners, and what has no effect', () => {
    const properties = {
      'no.such.key': '1',
      'log.retention.hourz': '2',
      'listener.name.plaintext.max.connections': '5',
      'rsm.config.bucket': 'x',
      'log.dirs': '/a,/b',
      listeners: 'PLAINTEXT://:9,CONTROLLER://:10',
      'controller.listener.names': 'CONTROLLER',
      'authorizer.class.name': 'org.X',
      'cordoned.log.dirs': '/a',
      'log.cleaner.threads': '4',
      'num.recovery.threads.per.data.dir': '4',
      'transaction.state.log.min.isr': '1',
    };
    expect(notices(new BrokerConfig({ properties }))).toEqual([
      'unknown configuration, ignored: log.retention.hourz, no.such.key',
      'controller listeners are not opened, no controller connects: CONTROLLER://:10',
      'not served yet, without effect: authorizer.class.name, cordoned.log.dirs, log.cleaner.threads, ' +
        'num.recovery.threads.per.data.dir',
    ]);
  });
});
