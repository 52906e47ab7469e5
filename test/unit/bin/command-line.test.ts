import { describe, expect, it, test } from '@jest/globals';
import { help, parseCommandLine, type StartOptions } from '../../../bin/command-line.ts';
import { brokerOptions } from '../../../bin/start-options.ts';
import { UsageError } from '../../../bin/usage.ts';

function start(...args: string[]): StartOptions {
  const command = parseCommandLine(args);
  if (command.kind !== 'start') throw new Error(command.kind);
  return command.options;
}

describe('the command line', () => {
  it('starts one broker that keeps its data when nothing is said', () => {
    expect(start()).toEqual({
      memory: false,
      brokers: 1,
      overrides: new Map(),
      json: false,
      logLevel: 'info',
    });
  });

  it('takes every option', () => {
    const options = start(
      ...['--port', '0', '--host', 'h', '--data=d', '--brokers', '3', '--config', 'f', '--json'],
      ...['--log-level', 'WARN', '--override', 'a=1', '--override', 'b=c=d', '--override', 'a=2'],
    );
    expect(options).toEqual({
      port: 0,
      host: 'h',
      data: 'd',
      memory: false,
      brokers: 3,
      config: 'f',
      overrides: new Map([
        ['a', '2'],
        ['b', 'c=d'],
      ]),
      json: true,
      logLevel: 'warn',
    });
  });

  it('asks for help or the version, whatever else is said', () => {
    expect(parseCommandLine(['--port', '1', '--help'])).toEqual({ kind: 'help' });
    expect(parseCommandLine(['-h'])).toEqual({ kind: 'help' });
    expect(parseCommandLine(['--version', '--memory'])).toEqual({ kind: 'version' });
  });

  test.each([
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['extra'], "Unexpected argument 'extra'"],
    [['--port'], "Option '--port <value>' argument missing"],
    [['--port', '70000'], "--port takes a whole number from 0 to 65535, not '70000'"],
    [['--port', '9092x'], "--port takes a whole number from 0 to 65535, not '9092x'"],
    [['--brokers', '0'], "--brokers takes a whole number from 1 to 100, not '0'"],
    [['--override', 'a'], "--override takes NAME=VALUE, not 'a'"],
    [['--override', '=b'], "--override takes NAME=VALUE, not '=b'"],
    [['--log-level', 'loud'], "--log-level takes one of debug, info, warn, error, not 'loud'"],
    [['--memory', '--data', 'd'], '--memory and --data exclude each other'],
    [['--memory=yes'], "Option '--memory' does not take an argument"],
    [['--data', 'a', '--data', 'b'], /^--data is given twice; several folders are log.dirs=A,B /],
    [['--data', ''], '--data has an empty name'],
    [['--data='], '--data has an empty name'],
    [['--data', '--json'], /^--data takes a value$/],
    [['--port', '1', '--port=1'], '--port is given twice'],
    [['--log-level', 'info', '--log-level', 'warn'], '--log-level is given twice'],
    [['--port', '-5'], "--port takes a whole number from 0 to 65535, not '-5'"],
  ])('%j is wrong usage', (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(UsageError);
    expect(() => parseCommandLine(args)).toThrow(message);
  });

  it('is explained, each option in a line', () => {
    for (const name of ['port', 'host', 'data', 'memory', 'brokers', 'config', 'override']) {
      expect(help).toMatch(new RegExp(`^  --${name} .*`, 'm'));
    }
    expect(help.split('\n').every((line) => line.length <= 100)).toBe(true);
  });
});

describe('what is started', () => {
  const propertiesOf = (args: string[], environment = {}, file?: string) =>
    brokerOptions(start(...args), environment, file).properties;

  it('is a broker on port 9092 with data in ./data', () => {
    expect(brokerOptions(start(), {}, undefined)).toEqual({
      port: 9092,
      dataDir: './data',
      brokers: 1,
      properties: {},
    });
  });

  it('has the properties of options over overrides over environment over the file', () => {
    const file = 'a=file\nb=file\nc=file\nlog.dirs=file';
    const environment = { KAFKA_B: 'env', KAFKA_C: 'env', KAFKA_LOG_DIRS: 'env' };
    const args = ['--override', 'c=override', '--override', 'log.dirs=override', '--data', 'flag'];
    expect(propertiesOf(args, environment, file)).toEqual({
      a: 'file',
      b: 'env',
      c: 'override',
      'log.dirs': 'flag',
    });
  });

  test.each<[args: string[], properties: string, expected: string | string[] | undefined]>([
    [[], 'log.dirs=/a\nlog.dir=/c', '/a'],
    [[], 'log.dirs=/a, /b,\nlog.dir=/c', ['/a', '/b']],
    [[], 'log.dir=/c', '/c'],
    [['--data', 'd'], 'log.dirs=/a', 'd'],
    [['--memory'], 'log.dirs=/a', undefined],
  ])('%j with %j keeps its data in %s', (args, properties, expected) => {
    expect(brokerOptions(start(...args), {}, properties).dataDir).toEqual(expected);
  });

  it('listens as the properties say, unless a port is given', () => {
    const file = 'listeners=PLAINTEXT://:1';
    expect(brokerOptions(start(), {}, file)).not.toHaveProperty('port');
    expect(brokerOptions(start('--port', '5'), {}, file)).toMatchObject({ port: 5 });
  });
});

describe('the commands for folders', () => {
  it('have defaults', () => {
    expect(parseCommandLine(['check'])).toEqual({ kind: 'check', data: ['./data'], json: false });
    expect(parseCommandLine(['format'])).toEqual({
      ...{ kind: 'format', data: ['./data'], nodeId: 1, ignoreFormatted: false },
    });
    expect(parseCommandLine(['dump', 'x'])).toEqual({
      ...{ kind: 'dump', paths: ['x'], records: false, decode: 'auto', json: false },
    });
  });

  it('take every option', () => {
    const clusterId = 'oiwwT0xKQ2e8YxHM2T0c7A';
    const format = [
      'format',
      '--data=d',
      '--data',
      'e',
      '--node-id',
      '5',
      '--cluster-id',
      clusterId,
    ];
    expect(parseCommandLine([...format, '--ignore-formatted'])).toEqual({
      ...{ kind: 'format', data: ['d', 'e'], nodeId: 5, clusterId, ignoreFormatted: true },
    });
    expect(parseCommandLine(['check', '--data', 'd', '--json', '--data', 'e'])).toMatchObject({
      ...{ data: ['d', 'e'], json: true },
    });
    expect(
      parseCommandLine(['dump', 'a', '--records', '--decode', 'hex', '--json', 'b']),
    ).toMatchObject({ paths: ['a', 'b'], records: true, decode: 'hex', json: true });
  });

  it('explain themselves', () => {
    expect(parseCommandLine(['dump', '-h'])).toEqual({ kind: 'help', about: 'dump' });
  });

  test.each([
    [['check', '--nonsense'], "Unknown option '--nonsense'"],
    [['check', 'extra'], "Unexpected argument 'extra'"],
    [['dump'], 'which FILE or FOLDER?'],
    [['dump', 'x', '--decode', 'y'], /^--decode takes one of auto, .* not 'y'$/],
    [['dump', 'x', ''], 'a FILE or FOLDER has an empty name'],
    [['dump', 'x', '--decode=hex', '--decode=hex'], '--decode is given twice'],
    [['check', '--data', 'd', '--data', ''], '--data has an empty name'],
    [['format', '--data', ''], '--data has an empty name'],
    [['format', '--node-id', '-1'], /^--node-id takes a whole number from 0 to \d+, not '-1'$/],
    [['format', '--node-id=-1'], /^--node-id takes a whole number from 0 to \d+, not '-1'$/],
    [['format', '--node-id', '1', '--node-id', '2'], '--node-id is given twice'],
    [['format', '--node-id', '--data'], /^--node-id takes a value$/],
    [['format', '--cluster-id', 'short'], /^--cluster-id takes 22 characters .* not 'short'$/],
  ])('refuse %j', (args, message) => {
    const parse = () => parseCommandLine(args);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
  });
});
