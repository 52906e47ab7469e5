import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { LeveledLogger, logLevels } from '../../../src/host/leveled-logger.ts';
import { silentLogger, type Logger } from '../../../src/host/logger.ts';
import { WinstonLogger } from '../../../src/host/winston-logger.ts';

describe('a logger with a level', () => {
  it('passes on what is at least as important, also after the level changed', () => {
    const passed: string[] = [];
    const target: Logger = {
      ...silentLogger,
      warn: (m) => passed.push(m),
      error: (m) => passed.push(m),
    };
    const logger = new LeveledLogger(target, 'error');
    logger.warn('one');
    logger.error('two');
    logger.level = 'warn';
    logger.warn('three');
    logger.info('four');
    expect(passed).toEqual(['two', 'three']);
  });
});

describe('the winston logger', () => {
  const written = (format: 'json' | 'human') => {
    const stream = new PassThrough();
    const logger = new WinstonLogger({ format, stream });
    return { logger, text: () => String(stream.read() ?? '') };
  };

  it('keeps lines while it is held, and writes them in order', async () => {
    const { logger, text } = written('json');
    logger.hold();
    logger.warn('first', { a: 1 });
    logger.error('second');
    expect(text()).toBe('');
    await logger.flush();
    const lines = text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toEqual([
      { level: 'warn', message: 'first', a: 1, time: expect.any(String) },
      { level: 'error', message: 'second', time: expect.any(String) },
    ]);
    logger.info('third');
    expect(text()).toContain('"message":"third"');
  });

  it('writes lines for people: time, level, words, facts', async () => {
    const { logger, text } = written('human');
    for (const level of logLevels)
      logger[level](`a ${level}`, { topic: 'orders', partitions: [1] });
    await logger.flush();
    const lines = text().trimEnd().split('\n');
    expect(lines[1]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} INFO {2}a info topic=orders partitions=\[1\]$/,
    );
    expect(lines).toHaveLength(4);
  });

  it('writes errors with their stack', async () => {
    const { logger, text } = written('json');
    logger.error('failed', { error: new Error('why') });
    await logger.flush();
    expect(text()).toContain('Error: why\\n    at ');
  });

  it('writes what the system refused in words alone, as the cause of another error too', async () => {
    const { logger, text } = written('json');
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      syscall: 'write',
    });
    logger.error('first', { error: full });
    logger.error('second', { error: new Error('not written', { cause: full }) });
    await logger.flush();
    const errors = text()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { error: string }).error);
    expect(errors).toEqual(['ENOSPC: no space left on device, write', 'not written']);
  });
});
