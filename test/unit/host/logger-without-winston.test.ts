import { PassThrough } from 'node:stream';
import { expect, it, jest } from '@jest/globals';
import { WinstonLogger } from '../../../src/host/winston-logger.ts';

jest.mock('winston', () => {
  throw new Error('EMFILE: too many open files');
});

it.each([
  ['json', /^\{"a":1,"level":"warn","message":"first","time":"[^"]+"\}\n\{.*"second".*\}\n$/],
  ['human', /^\d\d:\d\d:\d\d\.\d{3} WARN {2}first a=1\n.* ERROR second\n$/],
] as const)('a log library that cannot be loaded costs no line (%s)', async (format, lines) => {
  const stream = new PassThrough();
  const logger = new WinstonLogger({ format, stream });
  logger.warn('first', { a: 1 });
  await logger.flush();
  logger.error('second');
  await logger.flush();
  expect(String(stream.read())).toMatch(lines);
});
