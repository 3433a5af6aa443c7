import { createHash } from 'node:crypto';
import type { RunningSha256 } from '../../client/content/content-api.ts';

/** SHA-256 piece by piece, by node:crypto. */
export function startNodeSha256(): RunningSha256 {
  return createHash('sha256');
}

/** Lets the event loop run what waits. */
export function yieldNodeTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
