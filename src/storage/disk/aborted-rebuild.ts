import type { Logger } from '../../host/logger.ts';
import { lastOffsetAt } from '../../protocol/record-batch.ts';
import type { FoundLog, FoundSegment } from './found-log.ts';
import type { ProducerRecovery } from './producer-recovery.ts';

/**
 * Finds out from the batches which transactions were aborted in a segment that lies below what is
 * recovered, and writes its transaction index. What was open at the segment's start its snapshot
 * tells; without one, the batches before.
 */
export async function rebuildAborted(
  found: FoundLog,
  segment: FoundSegment,
  producers: ProducerRecovery,
  logger: Logger,
): Promise<void> {
  const { state, from } = producers.stateNear(segment.baseOffset);
  for (const each of found.segments) {
    if (each.endOffset <= from) continue;
    if (each.baseOffset > segment.baseOffset) break;
    let damagedAt: number | undefined;
    const end = await found.walk(each, 0, (scanner) => {
      const { buffer, at } = scanner;
      if (lastOffsetAt(buffer, at) < from) return;
      if (!scanner.isIntact()) {
        damagedAt ??= scanner.position;
        return;
      }
      const row = state.apply(buffer, at);
      if (row !== undefined && each === segment) segment.aborted.push(row);
    });
    if (end < each.size) damagedAt ??= end;
    if (damagedAt === undefined) continue;
    const where = { path: found.pathOf(each.baseOffset, '.log'), position: damagedAt };
    logger.error('a damaged batch hides which transactions were aborted', where);
  }
  try {
    found.saveAborted(segment, true);
  } catch (error) {
    // It serves from memory, and is rebuilt once more by the next start.
    const path = found.pathOf(segment.baseOffset, '.txnindex');
    logger.warn('a transaction index cannot be written', { path, error });
  }
}
