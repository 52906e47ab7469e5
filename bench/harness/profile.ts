import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The parts of a V8 .cpuprofile that are read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where the time of the profiles in a folder went, without the time that was idle. */
export function profileInWords(folder: string, lines = 30): string {
  if (!existsSync(folder)) return 'No profile: Odradek did not run, or did not end by itself.\n';
  const byFunction = new Map<string, number>();
  const byFile = new Map<string, number>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
    const names = new Map(profile.nodes.map((node) => [node.id, placeOf(node.callFrame)]));
    profile.samples.forEach((id, index) => {
      const place = names.get(id);
      if (place === undefined || place.name === '(idle)') return;
      const microseconds = profile.timeDeltas[index] ?? 0;
      add(byFunction, `${place.name}  ${place.file}`, microseconds);
      add(byFile, place.file, microseconds);
    });
  }
  return [
    `Of the profiles in ${folder}.\n`,
    section('Self time by function', byFunction, lines),
    section('by file', byFile, lines),
  ].join('\n');
}

/**
 * The bundle keeps a comment with the source's name before what came from it; without a map a line
 * is found by the nearest of them.
 */
function placeOf(frame: CpuProfile['nodes'][number]['callFrame']): { name: string; file: string } {
  const name = frame.functionName === '' ? '(anonymous)' : frame.functionName;
  if (frame.url === '') return { name, file: name.startsWith('(') ? name : '(native)' };
  if (frame.url.startsWith('node:')) return { name, file: frame.url };
  if (!frame.url.startsWith('file:')) return { name, file: frame.url };
  return { name, file: sourceOf(frame.url, frame.lineNumber) };
}

const bundles = new Map<string, readonly string[]>();

function sourceOf(url: string, line: number): string {
  const path = new URL(url).pathname;
  let text = bundles.get(path);
  if (text === undefined) bundles.set(path, (text = readFileSync(path, 'utf8').split('\n')));
  for (let at = line; at >= 0; at--) {
    const [, source] = /^\/\/ ((?:src|bin)\/\S+\.ts)$/.exec(text[at] ?? '') ?? [];
    if (source !== undefined) return source;
  }
  return path;
}

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

function section(title: string, sums: ReadonlyMap<string, number>, lines: number): string {
  const total = [...sums.values()].reduce((a, b) => a + b, 0);
  const rows = [...sums].sort(([, a], [, b]) => b - a).slice(0, lines);
  return [
    `${title}, of ${(total / 1e6).toFixed(2)} s:`,
    ...rows.map(
      ([name, value]) => `  ${((value / total) * 100).toFixed(1).padStart(5)} %  ${name}`,
    ),
    '',
  ].join('\n');
}
