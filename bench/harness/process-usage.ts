import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What a process and its children have used so far, as Linux counts it. */
export interface Usage {
  /** User and system time. */
  readonly cpuSeconds: number;
  /** Bytes that the file system was given to write, whether or not they are on the disk yet. */
  readonly writtenBytes: number;
}

let ticksPerSecond: number | undefined;

/** Processor time and written bytes of a process and all that descend from it. */
export function usageOf(pid: number): Usage {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  let ticks = 0;
  let writtenBytes = 0;
  for (const one of treeOf(pid)) {
    const fields = statOf(one);
    if (fields === undefined) continue;
    // utime, stime, and those of children that have ended and were waited for.
    for (const at of [11, 12, 13, 14]) ticks += Number(fields[at]);
    writtenBytes += Number(/^write_bytes: (\d+)$/m.exec(read(one, 'io'))?.[1] ?? 0);
  }
  return { cpuSeconds: ticks / ticksPerSecond, writtenBytes };
}

/** Calls of read and write (of any kind, of files and sockets) and the bytes they moved. */
export interface Calls {
  readonly reads: number;
  readonly writes: number;
  readonly readBytes: number;
  readonly writeBytes: number;
}

export function callsOf(pid: number): Calls {
  const text = read(pid, 'io');
  const number = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1]);
  return {
    reads: number('syscr'),
    writes: number('syscw'),
    readBytes: number('rchar'),
    writeBytes: number('wchar'),
  };
}

/** Physical memory of a process in bytes; `peak` since it began or since forgetPeak. */
export function residentBytes(pid: number, which: 'now' | 'peak' = 'now'): number {
  const name = which === 'now' ? 'VmRSS' : 'VmHWM';
  const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(read(pid, 'status')) ?? [];
  return Number(kibibytes) * 1024;
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statOf(Number(name))?.[1]);
    if (Number.isNaN(parent)) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [Number(name)]);
    else siblings.push(Number(name));
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Fields of /proc/PID/stat behind the name: state, parent, ... */
function statOf(pid: number): string[] | undefined {
  const text = read(pid, 'stat');
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Empty when the process has ended. */
function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
