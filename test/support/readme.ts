import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrokerServices } from '../../src/broker/broker-services.ts';
import { handlerTable } from '../../src/broker/handler-table.ts';
import type { AnyApi } from '../../src/protocol/schema.ts';

export const repository = join(__dirname, '..', '..');

export function readme(): string {
  return readFileSync(join(repository, 'README.md'), 'utf8');
}

/** The part of README.md under a heading of the second level. */
export function section(heading: string): string {
  const [, part] = readme().split(new RegExp(`^## ${heading}$`, 'm'));
  if (part === undefined) throw new Error(`README.md has no section ${heading}`);
  return part.split(/^## /m)[0] ?? '';
}

/** Cells of the first table in a text, without its head. */
export function tableRows(text: string): string[][] {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /^\|[\s:|-]+\|$/.test(line)) + 1;
  if (first === 0) return [];
  const after = lines.slice(first);
  const end = after.findIndex((line) => !line.startsWith('|'));
  return after.slice(0, end === -1 ? undefined : end).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** The code blocks of one language in a text. */
export function codeBlocks(text: string, language: string): string[] {
  const fence = '```';
  const block = new RegExp(`^${fence}${language}\\n(.*?)^${fence}$`, 'gms');
  return [...text.matchAll(block)].map(([, code]) => code ?? '');
}

/**
 * The APIs of the handler table, by key. Its handlers have no broker behind them: ask them nothing.
 */
export function servedApis(): AnyApi[] {
  const table = handlerTable(anything() as BrokerServices);
  return [...table.values()].map(({ api }) => api).sort((a, b) => a.key - b.key);
}

/** Has every property there is, and can be called: all of it the same again. */
function anything(): unknown {
  const proxy: unknown = new Proxy(() => undefined, {
    get: (_, name) => (name === Symbol.toPrimitive ? () => 0 : proxy),
    apply: () => proxy,
  });
  return proxy;
}
