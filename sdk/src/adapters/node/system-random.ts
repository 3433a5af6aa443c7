import { randomFillSync } from 'node:crypto';
import type { Random } from '../../ports/index.ts';

/** The operating system's random source. */
export const systemRandom: Random = {
  bytes: (length) => randomFillSync(new Uint8Array(length)),
};
