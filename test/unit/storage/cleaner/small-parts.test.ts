import { describe, expect, test } from '@jest/globals';
import { KeyHash } from '../../../../src/storage/cleaner/key-hash.ts';
import { CleanedTransactions } from '../../../../src/storage/cleaner/cleaned-transactions.ts';
import { defaultCleanerSettings } from '../../../../src/storage/cleaner/cleaner-settings.ts';
import { OffsetMap } from '../../../../src/storage/cleaner/offset-map.ts';
import { Pace } from '../../../../src/storage/cleaner/pace.ts';
import { Throttler } from '../../../../src/storage/cleaner/throttler.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { SeededRandom } from '../../../support/seeded-random.ts';
import { batchOfEntries, inTransaction } from './cleaning-fixture.ts';

describe('transactions along the way of the cleaner', () => {
  function isAborted(transactions: CleanedTransactions, baseOffset: number): boolean {
    const { buffer, start } = batchOfEntries([['a', 'a']], inTransaction(5, 0));
    buffer.writeBigInt64BE(BigInt(baseOffset), start);
    return transactions.onData(buffer, start);
  }

  test('an abort reaches no further than its marker, which retention may have taken meanwhile', () => {
    const rows = [
      { producerId: 5, firstOffset: 0, lastOffset: 2, lastStableOffset: 3 },
      { producerId: 5, firstOffset: 6, lastOffset: 8, lastStableOffset: 9 },
    ];
    const transactions = new CleanedTransactions(rows);
    const found = [0, 1, 3, 6, 7, 9].map((offset) => isAborted(transactions, offset));
    expect(found).toEqual([true, true, false, true, true, false]);
  });
});

const secret = Uint8Array.from({ length: 16 }, (_, i) => i);

describe('hashes of keys', () => {
  // From the reference implementation's list for 128 bits: key 00 01 .. 0f, input 00 01 .. (n - 1).
  test.each([
    [0, 'a3817f04ba25a8e66df67214c7550293'],
    [1, 'da87c1d86b99af44347659119b22fc45'],
    [2, '8177228da4a45dc7fca38bdef60affe4'],
  ])('are SipHash-2-4 of 128 bits (%i bytes)', (length, expected) => {
    const hash = new KeyHash(secret);
    const input = Uint8Array.from({ length: length + 3 }, (_, i) => i - 3);
    hash.hash(input, 3, length);
    expect(Buffer.from(hash.result.buffer).toString('hex')).toBe(expected);
  });

  test('tell keys apart that differ in any one bit, at any length', () => {
    const hash = new KeyHash(secret);
    const seen = new Set<string>();
    let count = 0;
    for (let length = 0; length < 40; length++) {
      for (let bit = -1; bit < length * 8; bit++) {
        const key = Buffer.alloc(length);
        if (bit >= 0) key[bit >> 3] = 1 << (bit & 7);
        hash.hash(key, 0, length);
        seen.add(hash.result.join());
        count++;
      }
    }
    expect(seen.size).toBe(count);
  });

  test('depend on the secret', () => {
    const hashes = [secret, Uint8Array.from(secret, (byte) => byte + 1)].map((each) => {
      const hash = new KeyHash(each);
      hash.hash(Buffer.from('key'), 0, 3);
      return hash.result.join();
    });
    expect(hashes[0]).not.toBe(hashes[1]);
  });
});

describe('the map of offsets', () => {
  test('behaves like a map', () => {
    const random = new SeededRandom(3);
    const map = new OffsetMap(24 * 600, 0.9, secret);
    const model = new Map<string, number>();
    for (let offset = 0; offset < 2000; offset++) {
      const key = `key-${random.below(400)}`;
      const bytes = Buffer.from(`..${key}`);
      expect(map.put(bytes, 2, key.length, offset)).toBe(true);
      model.set(key, offset);
    }
    expect(map.size).toBe(model.size);
    for (let i = 0; i < 500; i++) {
      const key = `key-${i}`;
      expect(map.get(Buffer.from(key), 0, key.length)).toBe(model.get(key) ?? -1);
    }
  });

  test('takes no more keys than its load factor allows', () => {
    const map = new OffsetMap(24 * 10, 0.5, secret);
    const put = (i: number): boolean => map.put(Buffer.from([i]), 0, 1, i);
    expect([0, 1, 2, 3, 4, 5, 6].map(put)).toEqual([true, true, true, true, true, false, false]);
    expect(map.get(Buffer.from([5]), 0, 1)).toBe(-1);
  });

  test('behaves like a map when it is large', () => {
    const map = new OffsetMap(24 * 400_000, 0.9, secret);
    const key = Buffer.alloc(4);
    const keyOf = (i: number): Buffer => {
      key.writeInt32LE(i);
      return key;
    };
    let wrong = 0;
    for (let i = 0; i < 300_000; i++) if (!map.put(keyOf(i % 200_000), 0, 4, i)) wrong++;
    expect(map.size).toBe(200_000);
    for (let i = 0; i < 300_000; i++) {
      const latest = i < 100_000 ? i + 200_000 : i < 200_000 ? i : -1;
      if (map.get(keyOf(i), 0, 4) !== latest) wrong++;
    }
    expect(wrong).toBe(0);
  });

  test('takes nearly as many keys as its bound allows, and memory as they come', () => {
    const before = process.memoryUsage().arrayBuffers;
    const map = new OffsetMap(24 * 200_000, 0.9, secret);
    const taken = (): number => process.memoryUsage().arrayBuffers - before;
    expect(taken()).toBeLessThan(100_000);
    let keys = 0;
    while (map.put(Buffer.from(String(keys)), 0, String(keys).length, keys)) keys++;
    expect(keys).toBeGreaterThan(170_000);
    expect(keys).toBeLessThanOrEqual(180_000);
    expect(map.size).toBe(keys);
  });
});

describe('the throttle', () => {
  function throttled(rate: number) {
    const clock = new ManualClock();
    const pauses: number[] = [];
    const sleep = async (ms: number): Promise<void> => {
      pauses.push(ms);
      await clock.advance(ms);
    };
    return { clock, pauses, throttler: new Throttler(clock, () => rate, sleep) };
  }

  test('pauses until the rate is what was asked for', async () => {
    const { clock, pauses, throttler } = throttled(100);
    await clock.advance(301);
    await throttler.pass(100);
    expect(pauses).toEqual([699]);
    // The interval begins anew.
    await throttler.pass(1000);
    expect(pauses).toEqual([699]);
    await clock.advance(400);
    await throttler.pass(0);
    expect(pauses).toEqual([699, 9600]);
  });

  test('does not pause below the rate', async () => {
    const { clock, pauses, throttler } = throttled(1000);
    for (let i = 0; i < 10; i++) {
      await clock.advance(310);
      await throttler.pass(300);
    }
    expect(pauses).toEqual([]);
  });
});

describe('the pace', () => {
  function paced(maxBytesPerSecond: number) {
    const clock = new ManualClock();
    const settings = { ...defaultCleanerSettings, maxBytesPerSecond };
    let isAborted = false;
    const pace = new Pace(
      clock,
      () => settings,
      () => isAborted,
    );
    const abort = (): void => {
      isAborted = true;
      pace.hurry();
    };
    return { clock, pace, abort };
  }

  test('counts work as such until others could run', async () => {
    const { clock, pace } = paced(Number.MAX_VALUE);
    await clock.advance(1);
    await pace.pass(100); // of memory: nothing was waited for
    await clock.advance(1);
    expect(pace.isOver).toBe(true);
    await pace.rest();
    expect(pace.isOver).toBe(false);
  });

  test('a pause is a rest', async () => {
    const { clock, pace } = paced(100);
    await clock.advance(301);
    expect(pace.isOver).toBe(true);
    const passing = pace.pass(100);
    await clock.advance(699);
    await passing;
    expect(pace.isOver).toBe(false);
  });

  test.each(['before', 'in'])('nobody waits for a pause that was aborted %s it', async (when) => {
    const { clock, pace, abort } = paced(1);
    await clock.advance(301);
    if (when === 'before') abort();
    const passing = pace.pass(1_000_000);
    if (when === 'in') abort();
    await expect(passing).rejects.toThrow('was aborted');
    expect(clock.pendingTimers).toBe(0);
  });
});
