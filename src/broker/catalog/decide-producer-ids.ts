import type { Change } from './catalog.ts';
import type { MetadataImage } from './image.ts';

/** Kafka's block size. */
const blockSize = 1000;

export interface ProducerIdBlock {
  readonly firstProducerId: number;
  readonly count: number;
}

/** Gives a broker the next producer ids; nobody else ever gets them. */
export function decideProducerIdBlock(
  image: MetadataImage,
  brokerId: number,
): Change<ProducerIdBlock> {
  const firstProducerId = image.nextProducerId;
  return {
    records: [
      {
        type: 'ProducerIdsRecord',
        version: 0,
        data: {
          brokerId,
          brokerEpoch: image.brokers.get(brokerId)?.epoch ?? -1,
          nextProducerId: firstProducerId + blockSize,
        },
      },
    ],
    result: { firstProducerId, count: blockSize },
  };
}
