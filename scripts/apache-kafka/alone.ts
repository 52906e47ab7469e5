import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Holds a folder as a lock while the work runs; one that a dead process left behind is taken over. */
export async function alone(lock: string, work: () => Promise<void>): Promise<void> {
  await mkdir(dirname(lock), { recursive: true });
  while (!(await taken(lock))) await new Promise((resolve) => setTimeout(resolve, 200));
  try {
    await work();
  } finally {
    await rm(lock, { recursive: true });
  }
}

async function taken(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch {
    const found = await stat(lock).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > 600_000) await rm(lock, { recursive: true });
    return false;
  }
}
