/**
 * For what a machine may lack: gives what is made at the first call, or undefined where making it
 * throws.
 */
export function madeOnce<T>(make: () => T): () => T | undefined {
  let made: { readonly value: T | undefined } | undefined;
  return () => {
    made ??= { value: tryTo(make) };
    return made.value;
  };
}

function tryTo<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
