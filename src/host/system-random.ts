import { randomBytes } from 'node:crypto';
import type { Random } from './random.ts';

/** The machine's own chance. */
export class SystemRandom implements Random {
  fraction(): number {
    return Math.random();
  }

  bytes16(): Uint8Array {
    return randomBytes(16);
  }
}
