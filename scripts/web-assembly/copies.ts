/*
 * What LZ4 and snappy have in common: bytes of the block are copied, or some that came out before.
 * Locals: $at and $end in the block, $target, $out and $limit of what comes out; $length, $offset,
 * $from, $stop.
 */

/** Leaves with -1 where a condition holds. */
export const refuseIf = (condition: string): string =>
  `(if ${condition} (then (return (i32.const -1))))`;

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

/** Goes over $length bytes from $at on, sixteen at a time. */
export const copyLiterals = `
      ${refuseIf('(i32.gt_u (local.get $length) (i32.sub (local.get $end) (local.get $at)))')}
      ${refuseIf('(i32.gt_u (local.get $length) (i32.sub (local.get $limit) (local.get $out)))')}
      (local.set $stop (i32.add (local.get $out) (local.get $length)))
      (local.set $from (local.get $at))
      ${copy('literal', 16)}
      (local.set $out (local.get $stop))
      (local.set $at (i32.add (local.get $at) (local.get $length)))`;

/** Once more $length bytes, from $offset before $out on; they may overlap. Needs $byte and $period. */
export const copyMatch = `
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
      (local.set $out (local.get $stop))`;
