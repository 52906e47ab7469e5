import { loadPackage } from '../load-package.ts';

/** Gives a package, loaded at the first call, or undefined where it cannot be loaded. */
export function optionalPackage(name: string): () => unknown {
  let loaded: { readonly value: unknown } | undefined;
  return () => {
    loaded ??= { value: tryToLoad(name) };
    return loaded.value;
  };
}

function tryToLoad(name: string): unknown {
  try {
    return loadPackage(name);
  } catch {
    return undefined; // not installed, or no binary for this machine
  }
}
