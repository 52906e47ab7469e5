/*
 * The function that decompresses a block of snappy, without the length at its start. It is a list of
 * elements, each with a tag whose lowest two bits say what it is:
 *
 *   0  literals      high six bits: their number - 1, if below 60; else one to four bytes follow that
 *                    hold it, little-endian
 *   1  copy          bits 2-4: length - 4; bits 5-7 and a byte: offset, how far back it begins
 *   2  copy          high six bits: length - 1; offset: uint16, little-endian
 *   3  copy          the same; offset: uint32
 */
import { copyLiterals, copyMatch, refuseIf } from './copies.ts';

/** Leaves with -1 where fewer bytes are left than `bytes`. */
const need = (bytes: string): string =>
  refuseIf(`(i32.lt_u (i32.sub (local.get $end) (local.get $at)) ${bytes})`);

const advance = (bytes: string): string => `(local.set $at (i32.add (local.get $at) ${bytes}))`;

export const snappyText = `
  ;; As lz4: the block from $at to $end, to $target, at most up to $limit.
  (func (export "snappy")
    (param $at i32) (param $end i32) (param $target i32) (param $limit i32) (result i32)
    (local $out i32) (local $tag i32) (local $kind i32) (local $length i32) (local $byte i32)
    (local $from i32) (local $stop i32) (local $offset i32) (local $period i32)
    (local.set $out (local.get $target))
    (loop $element
      (if (i32.eq (local.get $at) (local.get $end))
        (then (return (i32.sub (local.get $out) (local.get $target)))))
      (local.set $tag (i32.load8_u (local.get $at)))
      ${advance('(i32.const 1)')}
      (local.set $length (i32.shr_u (local.get $tag) (i32.const 2)))
      (local.set $kind (i32.and (local.get $tag) (i32.const 3)))

      (if (i32.eqz (local.get $kind))
        (then
          (if (i32.ge_u (local.get $length) (i32.const 60))
            (then
              (local.set $byte (i32.sub (local.get $length) (i32.const 59)))
              ${need('(local.get $byte)')}
              (local.set $length (i32.and
                (i32.load (local.get $at))
                (i32.shr_u (i32.const -1)
                  (i32.sub (i32.const 32) (i32.shl (local.get $byte) (i32.const 3))))))
              ${advance('(local.get $byte)')}
              ${refuseIf('(i32.eq (local.get $length) (i32.const -1))')}))
          (local.set $length (i32.add (local.get $length) (i32.const 1)))
          ${copyLiterals}
          (br $element)))

      (if (i32.eq (local.get $kind) (i32.const 1))
        (then
          ${need('(i32.const 1)')}
          (local.set $length
            (i32.add (i32.and (local.get $length) (i32.const 7)) (i32.const 4)))
          (local.set $offset (i32.or
            (i32.shl (i32.shr_u (local.get $tag) (i32.const 5)) (i32.const 8))
            (i32.load8_u (local.get $at))))
          ${advance('(i32.const 1)')})
        (else
          (local.set $length (i32.add (local.get $length) (i32.const 1)))
          (if (i32.eq (local.get $kind) (i32.const 2))
            (then
              ${need('(i32.const 2)')}
              (local.set $offset (i32.load16_u (local.get $at)))
              ${advance('(i32.const 2)')})
            (else
              ${need('(i32.const 4)')}
              (local.set $offset (i32.load (local.get $at)))
              ${advance('(i32.const 4)')}))))
      ${copyMatch}
      (br $element))
    (unreachable))
`;
