import { buildControlBatch, encodeEndTransactionMarker } from '../../protocol/control-record.ts';
import type { TransactionMarker } from './peer-client.ts';

/** A transaction's outcome as it stands in the log of a partition. */
export function encodeMarker(
  { producerId, producerEpoch, coordinatorEpoch, isCommit }: TransactionMarker,
  timestamp: number,
): Buffer {
  return buildControlBatch({
    type: isCommit ? 'COMMIT' : 'ABORT',
    value: encodeEndTransactionMarker(coordinatorEpoch),
    timestamp,
    producerId,
    producerEpoch,
  });
}
