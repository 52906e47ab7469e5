import { expect, test } from '@jest/globals';
import { failureInWords } from '../../../bin/failure.ts';

const failure = (message: string, facts: object): Error => Object.assign(new Error(message), facts);

test.each([
  [failure('x', { code: 'EACCES', path: '/d/.lock' }), 'cannot use /d/.lock: permission denied'],
  [failure('x', { code: 'EEXIST', path: '/d' }), 'cannot use /d: it is a file, not a folder'],
  [failure('x', { code: 'ENOENT', path: '/d' }), 'cannot use /d: it is not there'],
  [failure('127.0.0.1:80 is in use', { code: 'EACCES' }), '127.0.0.1:80 is in use'],
  [failure('anything else', {}), 'anything else'],
])('%s is told as: %s', (error, words) => {
  expect(failureInWords(error)).toBe(words);
});
