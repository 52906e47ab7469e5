import { expect, test } from '@jest/globals';
import { hostAndPort } from '../../../../src/broker/network/host-and-port.ts';
import { listenError } from '../../../../src/broker/network/listen-error.ts';

const words: Readonly<Record<string, string>> = {
  EADDRINUSE:
    '127.0.0.1:80 is in use, perhaps by another broker; take another port, or 0 for any free one',
  EACCES: 'cannot listen on 127.0.0.1:80: permission denied; take another port',
  EADDRNOTAVAIL: 'cannot listen on 127.0.0.1:80: this machine has no such address',
  ENOTFOUND: 'cannot listen on here: no known host',
  EMFILE: 'listen EMFILE',
};

test.each(Object.keys(words))('%s is told in words, and kept as the code', (code) => {
  const address = code === 'ENOTFOUND' ? {} : { address: '127.0.0.1' };
  const error = Object.assign(new Error(`listen ${code}`), { code, ...address });
  const told = listenError(error, { name: 'PLAINTEXT', host: 'here', port: 80 });
  expect(told).toMatchObject({ message: words[code], code, cause: error });
});

test('an address of IPv6 is in brackets before its port', () => {
  expect(hostAndPort('::1', 9092)).toBe('[::1]:9092');
  expect(hostAndPort('localhost', 9092)).toBe('localhost:9092');
});
