/** A mistake to plant: in a file, one piece of text in the place of another that is there once. */
export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const storage = 'src/storage';
const cleaner = `${storage}/cleaner`;

/** What the model test of storage must find. When the code moves on, `find` has to follow it. */
export const storageBugs: readonly PlantedBug[] = [
  {
    name: 'an fsync of the log is skipped',
    file: `${storage}/disk/disk-segment.ts`,
    find: '(file) => file.sync());\n    } catch (error) {\n      if (this.isRemoved()) return;',
    replace:
      '() => Promise.resolve());\n    } catch (error) {\n      if (this.isRemoved()) return;',
  },
  {
    name: 'the fsync of a folder is skipped',
    file: `${storage}/disk/disk-log-folder.ts`,
    find: '    await this.syncNames();\n    await this.root.sync();',
    replace: '    await this.root.sync();',
  },
  {
    name: 'recovery trusts a torn batch',
    file: `${storage}/disk/segment-recovery.ts`,
    find: 'nextOffset) && scanner.isIntact();',
    replace: 'nextOffset);',
  },
  {
    name: 'the recovery point is ahead of what is durable',
    file: `${storage}/segmented-log.ts`,
    find: 'return this.flusher.recoveryPoint;',
    replace: 'return this.highWatermark;',
  },
  {
    name: 'the batches that may come again are forgotten at a reopen',
    file: `${storage}/disk/producer-recovery.ts`,
    find: 'await this.recallBatches();',
    replace: '',
  },
  {
    name: 'a roll loses the last row of the time index',
    file: `${storage}/segment.ts`,
    find: 'this.indexes.times.maybeAppend(this.maxTimestamp, this.offsetOfMaxTimestamp);',
    replace: '',
  },
  {
    name: 'expired segments go before the new one is there for good',
    file: `${storage}/log-maintenance.ts`,
    find: 'this.owner.roll(nowMs);\n      await this.owner.flush();',
    replace: 'this.owner.roll(nowMs);\n      await this.owner.written();',
  },
  {
    name: 'batches do not get the epoch of their leader',
    file: `${storage}/segmented-log.ts`,
    find: 'setLeaderEpoch(buffer, at, leaderEpoch);',
    replace: '',
  },
  {
    name: 'the high watermark runs ahead of what is written',
    file: `${storage}/segmented-log.ts`,
    find: 'this.highWatermark = group.endOffset;',
    replace: 'this.highWatermark = this.logEndOffset;',
  },
  {
    name: 'a producer snapshot from behind the end is loaded',
    file: `${storage}/disk/producer-recovery.ts`,
    find: 'offset <= untilOffset && ',
    replace: '',
  },
  {
    name: 'retention deletes what is not old enough',
    file: `${storage}/retention.ts`,
    find: '> settings.retentionMs',
    replace: '> settings.retentionMs / 4',
  },
  {
    name: 'the mark of a clean stop comes back after a power cut',
    file: `${storage}/disk/disk-log-store.ts`,
    find: 'disk.syncDirectory(root);\n      this.checkpoints',
    replace: 'this.checkpoints',
  },
  {
    name: 'recovery goes on behind a hole',
    file: `${storage}/disk/log-recovery.ts`,
    find: 'return this.logEndOffset < next.baseOffset && this.marks.cleanedUntil < next.baseOffset;',
    replace: 'return false;',
  },
  {
    name: 'aborted transactions are not written down',
    file: `${storage}/write-queue.ts`,
    find: 'if (aborted !== undefined) segment.medium.appendAborted(aborted);',
    replace: '',
  },
  {
    name: 'epochs are taken as the file has them after a power cut',
    file: `${storage}/disk/log-recovery.ts`,
    find: 'await this.completeEpochs(start.offset);',
    replace: '',
  },
  {
    name: 'the cleaner takes the newest value of a key',
    file: `${cleaner}/filter-batch.ts`,
    find: 'return offset >= rules.latest.get(',
    replace: 'return offset > rules.latest.get(',
  },
  {
    name: 'the cleaner takes a tombstone before its horizon',
    file: `${cleaner}/filter-batch.ts`,
    find: 'const isPastHorizon = horizon !== undefined && horizon <= nowMs;',
    replace: 'const isPastHorizon = horizon !== undefined;',
  },
  {
    name: 'the cleaner takes the last batch of a producer',
    file: `${cleaner}/filter-batch.ts`,
    find: 'isLast || isLastOfProducer(buffer, at, rules.lastOfProducers);',
    replace: 'isLast;',
  },
  {
    name: 'what is aborted replaces what is committed',
    file: `${cleaner}/clean-log.ts`,
    find: 'const isEffective = !isControl && !transactions.onData(buffer, start);',
    replace: 'const isEffective = !isControl && (transactions.onData(buffer, start) || true);',
  },
  {
    name: 'what was cleaned goes before what replaces it is durable',
    file: `${cleaner}/clean-log.ts`,
    find: 'if (groups.length > 0) await this.log.flush();',
    replace: '',
  },
  {
    name: 'the old segments go before the cleaned one counts',
    file: `${storage}/log-maintenance.ts`,
    find: `        await replacement.beginSwap();
        this.forget(old, [cleaned]);
        this.parts.aborted.replaceBetween(cleaned.baseOffset, next.baseOffset, aborted);
        const { fileDeleteDelayMs } = this.log.settings;
        for (const each of old) each.medium.remove(fileDeleteDelayMs, true);
`,
    replace: `        this.forget(old, [cleaned]);
        this.parts.aborted.replaceBetween(cleaned.baseOffset, next.baseOffset, aborted);
        const { fileDeleteDelayMs } = this.log.settings;
        for (const each of old) each.medium.remove(fileDeleteDelayMs, true);
        await replacement.beginSwap();
`,
  },
  {
    name: 'a transaction whose marker was cleaned away is open again',
    file: `${storage}/disk/producer-recovery.ts`,
    find: 'if (this.found.settings.cleanupCompact) await this.forgetEnded();',
    replace: '',
  },
];
