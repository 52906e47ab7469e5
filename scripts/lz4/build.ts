/**
 * Writes src/protocol/compression/lz4-module.ts: the WebAssembly that decompresses LZ4 blocks,
 * assembled from the text below. Run it with `npx jiti scripts/lz4/build.ts` after a change.
 *
 * The format is drawn in src/protocol/compression/lz4-block.ts. What is copied is copied sixteen
 * bytes at a time, and may run over its end by up to fifteen: whoever calls leaves that much room
 * behind source and target. Every length is checked before it is used.
 */
import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import wabt from 'wabt';

/** Adds the bytes of a long length to `$length`; leaves with -1 where the block ends within it. */
const longLength = (label: string): string => `
  (if (i32.eq (local.get $length) (i32.const 15))
    (then
      (loop $${label}
        (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const -1))))
        (local.set $byte (i32.load8_u (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $length (i32.add (local.get $length) (local.get $byte)))
        (br_if $${label} (i32.eq (local.get $byte) (i32.const 255))))))`;

/** Leaves with -1 where a condition holds. */
const refuseIf = (condition: string): string => `(if ${condition} (then (return (i32.const -1))))`;

/** Copies to $out up to $stop from $from, in steps of $bytes. */
const copy = (label: string, bytes: 8 | 16): string => {
  const kind = bytes === 16 ? 'v128' : 'i64';
  return `
  (loop $${label}
    (${kind}.store (local.get $out) (${kind}.load (local.get $from)))
    (local.set $from (i32.add (local.get $from) (i32.const ${bytes})))
    (br_if $${label}
      (i32.lt_u (local.tee $out (i32.add (local.get $out) (i32.const ${bytes})))
        (local.get $stop))))`;
};

const text = `
(module
  (memory (export "memory") 4)

  ;; Decompresses the block from $at to $end to $target, at most up to $limit. Gives the bytes
  ;; written, or -1: not such a block, or more than there is room for.
  (func (export "decompress")
    (param $at i32) (param $end i32) (param $target i32) (param $limit i32) (result i32)
    (local $out i32) (local $token i32) (local $length i32) (local $byte i32)
    (local $from i32) (local $stop i32) (local $offset i32) (local $period i32)
    (local.set $out (local.get $target))
    (loop $sequence
      ${refuseIf('(i32.ge_u (local.get $at) (local.get $end))')}
      (local.set $token (i32.load8_u (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))

      ;; Literals.
      (local.set $length (i32.shr_u (local.get $token) (i32.const 4)))
      ${longLength('literals')}
      ${refuseIf('(i32.gt_u (local.get $length) (i32.sub (local.get $end) (local.get $at)))')}
      ${refuseIf('(i32.gt_u (local.get $length) (i32.sub (local.get $limit) (local.get $out)))')}
      (local.set $stop (i32.add (local.get $out) (local.get $length)))
      (local.set $from (local.get $at))
      ${copy('literal', 16)}
      (local.set $out (local.get $stop))
      (local.set $at (i32.add (local.get $at) (local.get $length)))
      (if (i32.eq (local.get $at) (local.get $end))
        (then (return (i32.sub (local.get $out) (local.get $target)))))

      ;; The match.
      ${refuseIf('(i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 2))')}
      (local.set $offset (i32.load16_u (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (local.set $length (i32.and (local.get $token) (i32.const 15)))
      ${longLength('match')}
      (local.set $length (i32.add (local.get $length) (i32.const 4)))
      ${refuseIf('(i32.eqz (local.get $offset))')}
      ${refuseIf('(i32.gt_u (local.get $offset) (i32.sub (local.get $out) (local.get $target)))')}
      ${refuseIf('(i32.gt_u (local.get $length) (i32.sub (local.get $limit) (local.get $out)))')}
      (local.set $stop (i32.add (local.get $out) (local.get $length)))
      (local.set $from (i32.sub (local.get $out) (local.get $offset)))
      (if (i32.ge_u (local.get $offset) (i32.const 16))
        (then ${copy('far', 16)})
        (else
          (if (i32.lt_u (local.get $offset) (i32.const 8))
            (then
              ;; What repeats every $offset bytes repeats every $period too, and that is wide enough.
              (local.set $period (i32.mul (local.get $offset)
                (i32.div_u (i32.add (local.get $offset) (i32.const 7)) (local.get $offset))))
              (local.set $byte (i32.const 0))
              (loop $near
                (i32.store8 (local.get $out) (i32.load8_u (local.get $from)))
                (local.set $from (i32.add (local.get $from) (i32.const 1)))
                (local.set $out (i32.add (local.get $out) (i32.const 1)))
                (br_if $near (i32.lt_u
                  (local.tee $byte (i32.add (local.get $byte) (i32.const 1)))
                  (local.get $period))))
              (local.set $from (i32.sub (local.get $out) (local.get $period)))))
          (if (i32.lt_u (local.get $out) (local.get $stop))
            (then ${copy('close', 8)}))))
      (local.set $out (local.get $stop))
      (br $sequence))
    (unreachable)))
`;

async function build(): Promise<void> {
  const module = (await wabt()).parseWat('lz4.wat', text, { simd: true });
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64');
  const lines = (base64.match(/.{1,80}/g) ?? []).map((line) => `  '${line}'`).join(' +\n');
  const path = 'src/protocol/compression/lz4-module.ts';
  const source = `// Written by scripts/lz4/build.ts, where it is explained.

/** WebAssembly with SIMD: exports \`memory\` and \`decompress(at, end, target, limit)\`. */
export const moduleBase64 =
${lines};
`;
  writeFileSync(path, await format(source, { ...(await resolveConfig(path)), filepath: path }));
}

void build();
