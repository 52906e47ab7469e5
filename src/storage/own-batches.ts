import type { ByteRange } from '../protocol/byte-range.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import { batchSizeAt, frameProblem, isControlAt, producerIdAt } from '../protocol/record-batch.ts';
import { checkSize } from './client-batch.ts';
import type { AppendOptions, LogSettings } from './partition-log.ts';
import type { ProducerState } from './producer-state.ts';

/**
 * Batches of the broker itself, of which only what could harm a log is looked at.
 *
 * @throws {KafkaError} INVALID_RECORD, CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, or what producers may not do
 */
export function checkOwnBatches(
  { buffer, start, end }: ByteRange,
  options: AppendOptions,
  settings: LogSettings,
  producers: ProducerState,
): void {
  if (start === end) throw new KafkaError('INVALID_RECORD', 'no batch to append');
  for (let at = start; at < end; at += batchSizeAt(buffer, at)) {
    const problem = frameProblem(buffer, at, end);
    if (problem !== undefined) throw new KafkaError('CORRUPT_MESSAGE', `a batch is ${problem}`);
    if (options.origin !== 'raft') checkSize(batchSizeAt(buffer, at), settings);
    if (producerIdAt(buffer, at) < 0) continue;
    if (isControlAt(buffer, at)) {
      producers.checkMarker(buffer, at, options.transactionVersion ?? 0);
    } else {
      producers.checkData(buffer, at, options);
    }
  }
}
