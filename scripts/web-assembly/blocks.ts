/**
 * Writes src/protocol/compression/block-module.ts: the WebAssembly that decompresses blocks of LZ4
 * (lz4.ts) and of snappy (snappy.ts). Run it with `npx jiti scripts/web-assembly/blocks.ts` after a
 * change.
 *
 * What is copied is copied sixteen bytes at a time, and may run over its end by up to fifteen:
 * whoever calls leaves that much room behind source and target. Every length is checked before it is
 * used.
 */
import { lz4Text } from './lz4.ts';
import { snappyText } from './snappy.ts';
import { assembled, writeSource } from './write-module.ts';

const text = `
(module
  (memory (export "memory") 4)
  ${lz4Text}
  ${snappyText})
`;

async function build(): Promise<void> {
  const source = `// Written by scripts/web-assembly/blocks.ts, where it is explained.

/**
 * WebAssembly with SIMD: exports \`memory\`, and \`lz4\` and \`snappy\`, both with the parameters
 * \`(at, end, target, limit)\`.
 */
export const moduleBase64 =
${await assembled('blocks', text)};
`;
  await writeSource('src/protocol/compression/block-module.ts', source);
}

void build();
