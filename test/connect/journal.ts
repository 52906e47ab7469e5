/** A line that VerifiableSourceTask or VerifiableSinkTask prints. */
interface Printed {
  /** Of the source. */
  readonly task?: number;
  readonly seqno?: number;
  /** By the source: it stands in the topic. */
  readonly committed?: boolean;
  readonly sinkTask?: number;
  readonly offset?: number;
  /** By the sink, once more: its offset is about to be committed. */
  readonly flushed?: boolean;
}

/** What the connectors of all workers have printed of their records. */
export class Journal {
  /** By number of the task: the number behind the last one that its source heard to be in the topic. */
  readonly acknowledged = new Map<number, number>();
  /** By number of the source's task: the number behind the highest one that the sink was given. */
  readonly sunk = new Map<number, number>();
  /** How often the sink was given a record, by what `sunkRecord` calls it. */
  readonly given = new Map<string, number>();

  hear(line: string): void {
    const { task, seqno, committed, sinkTask, offset = -1, flushed } = printedOn(line);
    if (task === undefined || seqno === undefined) return;
    if (sinkTask === undefined) {
      if (committed === true) raise(this.acknowledged, task, seqno + 1);
    } else if (flushed !== true) {
      const record = sunkRecord(task, seqno, offset);
      this.given.set(record, (this.given.get(record) ?? 0) + 1);
      raise(this.sunk, task, seqno + 1);
    }
  }
}

function printedOn(line: string): Printed {
  try {
    return JSON.parse(line) as Printed;
  } catch {
    return {}; // the last line of a worker that was killed
  }
}

/** A record of a task of the source, and where it stands. */
export function sunkRecord(task: number, number: number, offset: number): string {
  return `${task}:${number} at ${offset}`;
}

function raise(highest: Map<number, number>, key: number, value: number): void {
  highest.set(key, Math.max(highest.get(key) ?? 0, value));
}
