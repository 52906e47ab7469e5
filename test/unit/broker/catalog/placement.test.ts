import { describe, expect, it } from '@jest/globals';
import type { BrokerImage } from '../../../../src/broker/catalog/image.ts';
import { placeReplicas } from '../../../../src/broker/catalog/placement.ts';

function brokers(
  count: number,
  more: (id: number) => Partial<BrokerImage> = () => ({}),
): BrokerImage[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    epoch: 0,
    incarnationId: '',
    endpoints: [],
    rack: null,
    fenced: false,
    directories: [],
    ...more(index + 1),
  }));
}

const place = (
  list: BrokerImage[],
  partitionCount: number,
  replicationFactor: number,
): number[][] =>
  placeReplicas(list, { firstPartition: 0, partitionCount, replicationFactor, start: 0 });

describe('placement', () => {
  it('spreads leaders evenly', () => {
    const leaders = place(brokers(3), 50, 2).map(([leader]) => leader);
    const counts = [1, 2, 3].map((id) => leaders.filter((leader) => leader === id).length);
    expect(counts).toEqual([17, 17, 16]);
  });

  it('spreads the followers of each leader', () => {
    const ofFirst = place(brokers(3), 6, 2).filter(([leader]) => leader === 1);
    expect(ofFirst).toEqual([
      [1, 2],
      [1, 3],
    ]);
  });

  it('never puts two replicas on one broker', () => {
    for (const replicas of place(brokers(5), 40, 3)) expect(new Set(replicas).size).toBe(3);
  });

  it('uses as many racks as there are', () => {
    const racked = brokers(4, (id) => ({ rack: id % 2 === 0 ? 'even' : 'odd' }));
    for (const [a = 0, b = 0] of place(racked, 20, 2)) expect((a + b) % 2).toBe(1);
  });

  it('takes a fenced broker only as a follower, and only when there is no other', () => {
    const list = brokers(3, (id) => ({ fenced: id === 2 }));
    expect(place(list, 4, 2).flat()).not.toContain(2);
    for (const replicas of place(list, 4, 3)) expect(replicas[2]).toBe(2);
  });

  it('refuses in the words of Kafka', () => {
    expect(() => place(brokers(1), 1, 2)).toThrow(
      'The target replication factor of 2 cannot be reached because only 1 broker(s) are ' +
        'registered or some brokers have all their log directories cordoned.',
    );
    const fenced = brokers(1, () => ({ fenced: true }));
    expect(() => place(fenced, 1, 1)).toThrow(
      'All brokers are currently fenced, or have all their log directories cordoned.',
    );
  });
});
