import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/**
 * Loads a package the first time that it is needed: at once, unlike `import()`, and not before,
 * unlike `import`. For what is optional, or not needed on most machines.
 *
 * @throws when it is not installed, or not for this machine
 */
export function loadPackage(name: string): unknown {
  return load(name);
}

/** Path of a package's main file. */
export function resolvePackage(name: string): string {
  return load.resolve(name);
}
