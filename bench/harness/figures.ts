import type { ClientRun } from './clients.ts';
import type { Usage } from './process-usage.ts';
import { gibibyte, type Figures } from './workload.ts';

/** How a figure is written. */
export const units: Readonly<Record<string, string>> = {
  cpuPerGiB: 'broker CPU-s per GiB',
  cpuPerMillionRecords: 'broker CPU-s per million records',
  cpuPerRequestUs: 'broker CPU per request, us',
  cpuPerSecond: 'broker CPU-s per second',
  megabytesPerSecond: 'MB/s',
  requestsPerSecond: 'requests/s',
  p50Ms: 'p50, ms',
  p99Ms: 'p99, ms',
  maxMs: 'longest, ms',
  ackP50Ms: 'p50 of acknowledgements, ms',
  ackP99Ms: 'p99 of acknowledgements, ms',
  loopP99Ms: 'p99 of event loop delay, ms',
  seconds: 'seconds',
  joinSeconds: 's until all have joined',
  leaveSeconds: 's from a leave to even shares',
  killSeconds: 's from a kill to even shares',
  writtenPerByte: 'bytes written per byte',
  peakMegabytes: 'peak RSS, MB',
  residentMegabytes: 'RSS, MB',
  rssGrowthMegabytes: 'growth of RSS, MB',
  kibibytesPerConnection: 'RSS per idle connection, KiB',
  clientCores: 'cores used by the client',
};

/** What there is of Odradek alone. */
export const oursAlone: ReadonlySet<string> = new Set(['loopP99Ms']);

export interface Measured {
  readonly run: ClientRun;
  readonly before: Usage;
  readonly after: Usage;
  readonly peakBytes: number;
}

/** All that can be said of a run; a case shows some of it. */
export function figuresOf({ run, before, after, peakBytes }: Measured): Figures {
  const { seconds, busySeconds, recordBytes, records, requests } = run;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  const figures: Record<string, number> = {
    cpuPerSecond: cpuSeconds / seconds,
    clientCores: busySeconds / seconds,
    peakMegabytes: peakBytes / 1e6,
  };
  for (const [name, value] of Object.entries(run)) if (value !== undefined) figures[name] = value;
  if (recordBytes !== undefined) {
    figures['cpuPerGiB'] = cpuSeconds / (recordBytes / gibibyte);
    figures['megabytesPerSecond'] = recordBytes / 1e6 / seconds;
    figures['writtenPerByte'] = (after.writtenBytes - before.writtenBytes) / recordBytes;
  }
  if (records !== undefined) figures['cpuPerMillionRecords'] = (cpuSeconds / records) * 1e6;
  if (requests !== undefined) {
    figures['cpuPerRequestUs'] = (cpuSeconds / requests) * 1e6;
    figures['requestsPerSecond'] = requests / seconds;
  }
  return figures;
}

/** Whether the client was the narrow place: it used more than this part of a core. */
export const clientBoundCores = 0.85;
