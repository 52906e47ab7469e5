import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import wabt from 'wabt';

/** Assembles a text with SIMD, and gives it as source of a string literal. */
export async function assembled(name: string, text: string): Promise<string> {
  const module = (await wabt()).parseWat(`${name}.wat`, text, { simd: true });
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64');
  return (base64.match(/.{1,80}/g) ?? []).map((line) => `  '${line}'`).join(' +\n');
}

export async function writeSource(path: string, source: string): Promise<void> {
  writeFileSync(path, await format(source, { ...(await resolveConfig(path)), filepath: path }));
}
