import { describe, expect, it } from '@jest/globals';
import { MemoryCatalog } from '../../../../src/broker/catalog/memory-catalog.ts';
import { configChanged } from '../../../../src/broker/catalog/metadata-record.ts';
import type { MetadataRecord } from '../../../../src/broker/catalog/metadata-record.ts';
import type { Logger } from '../../../../src/host/logger.ts';
import { silentLogger } from '../../../../src/host/logger.ts';
import { testClusterId } from '../../../support/test-cluster.ts';

const set = (value: string): MetadataRecord => configChanged('TOPIC', 't', 'k', value);
const valueIn = (catalog: MemoryCatalog): string | undefined =>
  catalog.image.configs.get('TOPIC:t')?.get('k');

describe('a new catalog', () => {
  it('is at the metadata version of Kafka 4.3, with the features that Kafka formats', () => {
    const { image } = new MemoryCatalog(testClusterId);
    expect(Object.fromEntries(image.features)).toEqual({
      'metadata.version': 30,
      'eligible.leader.replicas.version': 1,
      'group.version': 1,
      'share.version': 1,
      'streams.version': 1,
      'transaction.version': 2,
    });
    expect(image.clusterId).toBe(testClusterId);
  });
});

describe('transact', () => {
  it('decides on the image that the change before it made', async () => {
    const catalog = new MemoryCatalog(testClusterId);
    const append = (letter: string): Promise<string> =>
      catalog.transact((image) => {
        const value = (image.configs.get('TOPIC:t')?.get('k') ?? '') + letter;
        return { records: [set(value)], result: value };
      });
    expect(await Promise.all([append('a'), append('b'), append('c')])).toEqual(['a', 'ab', 'abc']);
  });

  it('resolves when every subscriber has seen the image', async () => {
    const catalog = new MemoryCatalog(testClusterId);
    const seen: string[] = [];
    catalog.subscribe(async (image, before) => {
      await Promise.resolve();
      seen.push(`${before.offset} ${image.offset}`);
    });
    const { offset } = catalog.image;
    await catalog.transact(() => ({ records: [set('1')], result: undefined }));
    expect(seen).toEqual([`${offset} ${offset + 1}`]);
  });

  it('writes nothing when the decision throws, and goes on', async () => {
    const catalog = new MemoryCatalog(testClusterId);
    const before = catalog.image;
    const failing = catalog.transact(() => {
      throw new Error('no');
    });
    const next = catalog.transact(() => ({ records: [set('1')], result: 'yes' }));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
    expect(catalog.image.offset).toBe(before.offset + 1);
  });

  it('makes no image when there is nothing to write', async () => {
    const catalog = new MemoryCatalog(testClusterId);
    const before = catalog.image;
    expect(await catalog.transact(() => ({ records: [], result: 5 }))).toBe(5);
    expect(catalog.image).toBe(before);
  });

  it('stands although a subscriber fails, which is logged', async () => {
    const errors: string[] = [];
    const logger: Logger = { ...silentLogger, error: (message) => errors.push(message) };
    const catalog = new MemoryCatalog(testClusterId, { logger });
    catalog.subscribe(() => Promise.reject(new Error('bug')));
    await catalog.transact(() => ({ records: [set('1')], result: undefined }));
    expect(valueIn(catalog)).toBe('1');
    expect(errors).toEqual(['a subscriber of the catalog failed']);
  });

  it('is refused after close, which waits for its turn', async () => {
    const catalog = new MemoryCatalog(testClusterId);
    const last = catalog.transact(() => ({ records: [set('1')], result: undefined }));
    await catalog.close();
    await last;
    const late = catalog.transact(() => ({ records: [set('2')], result: undefined }));
    await expect(late).rejects.toThrow('the catalog is closed');
    expect(valueIn(catalog)).toBe('1');
  });

  it('no longer tells who unsubscribed', async () => {
    const catalog = new MemoryCatalog(testClusterId);
    let calls = 0;
    const unsubscribe = catalog.subscribe(() => {
      calls++;
    });
    unsubscribe();
    await catalog.transact(() => ({ records: [set('1')], result: undefined }));
    expect(calls).toBe(0);
  });
});
