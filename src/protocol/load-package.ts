import { createRequire } from 'node:module';

/**
 * Loads a package the first time that it is needed: at once, unlike `import()`, and not before,
 * unlike `import`. For what is optional, or not needed on most machines.
 *
 * @throws when it is not installed, or not for this machine
 */
export const loadPackage: (name: string) => unknown = createRequire(import.meta.url);
