/**
 * `error`: what no broker leaves so, even where the next start builds the file anew. `note`: what does
 * no harm, such as the end that a kill tore, or a file that is built anew when it is missing.
 */
export type Severity = 'error' | 'note';

export interface Place {
  /** Byte of the file. */
  readonly position?: number;
  /** Offset of the log. */
  readonly offset?: number;
}

export interface Finding extends Place {
  readonly severity: Severity;
  readonly path: string;
  readonly message: string;
}

/** A file that is damaged all over says so in that many lines. */
const mostFindingsOfFile = 20;

/** Takes what a check finds, and counts what it looked at. */
export class CheckReport {
  logs = 0;
  segments = 0;
  batches = 0;
  records = 0;
  bytes = 0;
  errors = 0;
  notes = 0;
  private readonly findingsOf = new Map<string, number>();

  /** @param tell  told each finding, in the order of the files */
  constructor(private readonly tell: (finding: Finding) => void) {}

  error(path: string, message: string, place: Place = {}): void {
    this.find('error', path, message, place);
  }

  note(path: string, message: string, place: Place = {}): void {
    this.find('note', path, message, place);
  }

  find(severity: Severity, path: string, message: string, place: Place = {}): void {
    if (severity === 'error') this.errors++;
    else this.notes++;
    const count = (this.findingsOf.get(path) ?? 0) + 1;
    this.findingsOf.set(path, count);
    if (count > mostFindingsOfFile) return;
    // Some readers name their file; here it stands before the colon.
    const words = message.startsWith(`${path} `) ? `it ${message.slice(path.length + 1)}` : message;
    this.tell({ severity, path, message: words, ...place });
  }

  /** Says of which files not every finding was told. */
  finish(): void {
    for (const [path, count] of this.findingsOf) {
      const more = count - mostFindingsOfFile;
      if (more > 0) this.tell({ severity: 'note', path, message: counted(more, 'more findings') });
    }
  }
}

/** A count of things that are named in the plural: `1 batch`, `2 batches`. */
export const counted = (count: number, things: string): string =>
  `${count} ${count === 1 ? things.replace(/(?<=ch)es$|s$/, '') : things}`;

/** A finding in one line. */
export function findingInWords({ severity, path, position, offset, message }: Finding): string {
  const at = position === undefined ? '' : ` at byte ${position}`;
  const of = offset === undefined ? '' : ` (offset ${offset})`;
  return `${severity} ${path}${at}${of}: ${message}`;
}
