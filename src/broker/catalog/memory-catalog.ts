import type { Logger } from '../../host/logger.ts';
import { silentLogger } from '../../host/logger.ts';
import { applyRecords } from './apply-records.ts';
import { bootstrapRecords } from './bootstrap.ts';
import type { BootstrapOptions } from './bootstrap.ts';
import { FoldingCatalog } from './folding-catalog.ts';
import type { RecordLog } from './folding-catalog.ts';
import { emptyImage } from './image.ts';

/** A catalog that lives as long as its process; it starts as a freshly formatted folder would. */
export class MemoryCatalog extends FoldingCatalog {
  constructor(clusterId: string, options: BootstrapOptions & { readonly logger?: Logger } = {}) {
    const records = bootstrapRecords(options);
    const epoch = 1;
    // Offset 0 is where a log on disk says who leads it.
    const image = applyRecords(emptyImage(clusterId), records, { offset: records.length, epoch });
    super(image, memoryLog(image.offset, epoch), options.logger ?? silentLogger);
  }
}

/** Counts offsets and keeps nothing: the image is the truth. */
function memoryLog(lastOffset: number, epoch: number): RecordLog {
  let offset = lastOffset;
  return {
    append(records) {
      offset += records.length;
      return Promise.resolve({ offset, epoch });
    },
    close: () => Promise.resolve(),
  };
}
