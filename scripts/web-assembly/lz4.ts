/*
 * The function that decompresses a block of LZ4; the format is drawn in
 * src/protocol/compression/lz4-block.ts.
 */
import { copyLiterals, copyMatch, refuseIf } from './copies.ts';

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

export const lz4Text = `
  ;; Decompresses the block from $at to $end to $target, at most up to $limit. Gives the bytes
  ;; written, or -1: not such a block, or more than there is room for.
  (func (export "lz4")
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
      ${copyLiterals}
      (if (i32.eq (local.get $at) (local.get $end))
        (then (return (i32.sub (local.get $out) (local.get $target)))))

      ;; The match.
      ${refuseIf('(i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 2))')}
      (local.set $offset (i32.load16_u (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (local.set $length (i32.and (local.get $token) (i32.const 15)))
      ${longLength('match')}
      (local.set $length (i32.add (local.get $length) (i32.const 4)))
      ${copyMatch}
      (br $sequence))
    (unreachable))
`;
