import { expect, test } from '@jest/globals';
import { failureInWords } from '../../../bin/failure.ts';

const failure = (message: string, facts: object): Error => Object.assign(new Error(message), facts);

test.each([
  [
    failure('listen EADDRINUSE', { code: 'EADDRINUSE', address: '127.0.0.1', port: 9092 }),
    '127.0.0.1:9092 is in use, perhaps by another broker; --port takes another port, 0 any free one',
  ],
  [failure('x', { code: 'EACCES', path: '/d/.lock' }), 'cannot use /d/.lock: permission denied'],
  [failure('x', { code: 'EEXIST', path: '/d' }), 'cannot use /d: it is a file, not a folder'],
  [
    failure('listen EACCES', { code: 'EACCES', address: '127.0.0.1', port: 80 }),
    'cannot listen on 127.0.0.1:80: permission denied; --port takes another port',
  ],
  [failure('x', { code: 'ENOENT', path: '/d' }), 'cannot use /d: it is not there'],
  [failure('getaddrinfo ENOTFOUND nowhere', { code: 'ENOTFOUND' }), 'nowhere is no known host'],
  [failure('anything else', {}), 'anything else'],
])('%s is told as: %s', (error, words) => {
  expect(failureInWords(error)).toBe(words);
});
