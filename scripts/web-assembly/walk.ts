/**
 * Writes src/protocol/walk-module.ts: the WebAssembly that walks over the records of a batch (their
 * format: src/protocol/record.ts), in whatever memory they lie. Run it with
 * `npx jiti scripts/web-assembly/walk.ts` after a change.
 *
 * It knows plain records only: whoever is told that one is not looks at the batch again, and finds
 * out what it is.
 */
import { refuseIf } from './copies.ts';
import { assembled, writeSource } from './write-module.ts';

/** What it keeps from call to call, and how that begins. */
const state = {
  count: '0',
  nullKeys: '0',
  leastTimestampDelta: '0x7fffffff',
  mostTimestampDelta: '0x80000000',
};

/** Of an empty key, value and headers: nothing shorter is a record. */
const shortestRecord = 7;
/** Less than the five that there may be: every bit of them has its place in 32. */
const mostVarintBytes = 4;
/** Bytes of a record's numbers from its length to the length of its headers' first key, and some. */
const overrun = 40;

const get = (name: string): string => `(local.get ${name})`;

/** Reads bytes of a varint from the one of `index` on: the ones before are in `$v`. */
function restOfVarint(index: number): string {
  if (index === mostVarintBytes) return '(return (i32.const -1))';
  return `
    (local.set $v (i32.or
      (i32.and ${get('$v')} (i32.const ${2 ** (7 * index) - 1}))
      (i32.shl (local.tee $byte (i32.load8_u ${get('$at')})) (i32.const ${7 * index}))))
    (local.set $at (i32.add ${get('$at')} (i32.const 1)))
    (if (i32.ge_u ${get('$byte')} (i32.const 128)) (then ${restOfVarint(index + 1)}))`;
}

/** Reads a varint to a local. */
const varint = (target: string): string => `
  (local.set $v (i32.load8_u ${get('$at')}))
  (local.set $at (i32.add ${get('$at')} (i32.const 1)))
  (if (i32.ge_u ${get('$v')} (i32.const 128)) (then ${restOfVarint(1)}))
  (local.set ${target} (i32.xor
    (i32.shr_u ${get('$v')} (i32.const 1))
    (i32.sub (i32.const 0) (i32.and ${get('$v')} (i32.const 1)))))`;

/** Goes over so many bytes, fewer than none being null, that end within the record. */
const skip = (length: string): string => `
  ${refuseIf(`(i32.gt_s ${get(length)} (i32.sub ${get('$recordEnd')} ${get('$at')}))`)}
  (if (i32.gt_s ${get(length)} (i32.const 0))
    (then (local.set $at (i32.add ${get('$at')} ${get(length)}))))`;

const ofEach = (text: (name: string, first: string) => string): string =>
  Object.entries(state)
    .map(([name, first]) => text(name, first))
    .join('\n  ');

const text = `
(module
  (import "host" "memory" (memory 1))
  ${ofEach((name) => `(global $${name} (mut i32) (i32.const 0))`)}
  ${ofEach((name) => `(func (export "${name}") (result i32) (global.get $${name}))`)}

  ;; Forgets the records before.
  (func (export "begin")
    ${ofEach((name, first) => `(global.set $${name} (i32.const ${first}))`)})

  ;; Goes over the records from $at on that end at $end or before. Gives where the last one ends, or
  ;; -1: one is not whole, or longer than its fields, or has not the next offset, or numbers of over
  ;; 27 bits. May read ${overrun} bytes behind $end, and believes none of them.
  (func (export "walk") (param $at i32) (param $end i32) (result i32)
    (local $recordEnd i32) (local $start i32) (local $v i32) (local $byte i32)
    (local $length i32) (local $delta i32) (local $headers i32)
    (local $count i32) (local $nullKeys i32) (local $least i32) (local $most i32)
    (local.set $count (global.get $count))
    (local.set $nullKeys (global.get $nullKeys))
    (local.set $least (global.get $leastTimestampDelta))
    (local.set $most (global.get $mostTimestampDelta))
    (local.set $start ${get('$at')})

    (block $stop
      (loop $record
        (br_if $stop
          (i32.lt_s (i32.sub ${get('$end')} ${get('$start')}) (i32.const ${shortestRecord})))
        (local.set $at ${get('$start')})
        ${varint('$length')}
        ${refuseIf(`(i32.lt_s ${get('$length')} (i32.const 0))`)}
        (br_if $stop (i32.gt_s ${get('$length')} (i32.sub ${get('$end')} ${get('$at')})))
        (local.set $recordEnd (i32.add ${get('$at')} ${get('$length')}))
        (local.set $at (i32.add ${get('$at')} (i32.const 1))) ;; attributes

        ${varint('$delta')}
        (if (i32.lt_s ${get('$delta')} ${get('$least')}) (then (local.set $least ${get('$delta')})))
        (if (i32.gt_s ${get('$delta')} ${get('$most')}) (then (local.set $most ${get('$delta')})))

        ${varint('$delta')} ;; that of the offset
        ${refuseIf(`(i32.ne ${get('$delta')} ${get('$count')})`)}

        ${varint('$length')} ;; of the key
        (local.set $nullKeys
          (i32.add ${get('$nullKeys')} (i32.lt_s ${get('$length')} (i32.const 0))))
        ${skip('$length')}
        ${varint('$length')} ;; of the value
        ${skip('$length')}

        ${varint('$headers')}
        ${refuseIf(`(i32.lt_s ${get('$headers')} (i32.const 0))`)}
        (block $headersDone
          (loop $header
            (br_if $headersDone (i32.eqz ${get('$headers')}))
            ${varint('$length')} ;; of the header's key
            ${refuseIf(`(i32.lt_s ${get('$length')} (i32.const 0))`)}
            ${skip('$length')}
            ${varint('$length')} ;; of its value
            ${skip('$length')}
            (local.set $headers (i32.sub ${get('$headers')} (i32.const 1)))
            (br $header)))

        ${refuseIf(`(i32.ne ${get('$at')} ${get('$recordEnd')})`)}
        (local.set $start ${get('$at')})
        (local.set $count (i32.add ${get('$count')} (i32.const 1)))
        (br $record)))

    (global.set $count ${get('$count')})
    (global.set $nullKeys ${get('$nullKeys')})
    (global.set $leastTimestampDelta ${get('$least')})
    (global.set $mostTimestampDelta ${get('$most')})
    ${get('$start')}))
`;

async function build(): Promise<void> {
  const source = `// Written by scripts/web-assembly/walk.ts, where it is explained.

/**
 * WebAssembly: imports \`host.memory\`; exports \`begin()\`, \`walk(at, end)\`, and functions
 * that give what was found since \`begin\`: ${Object.keys(state).join(', ')}.
 */
export const moduleBase64 =
${await assembled('walk', text)};

/** Bytes behind those that it is given that have to be there. */
export const overrun = ${overrun};
`;
  await writeSource('src/protocol/walk-module.ts', source);
}

void build();
