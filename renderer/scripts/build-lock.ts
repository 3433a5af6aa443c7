/**
 * One builder at a time among processes. Each lock has a number one higher than the last; a lock whose
 * owner died stays where it is and is stepped over, so that no process ever takes away what another
 * one has just made.
 */
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const NAME = /^lock\.(\d+)$/;
/** Its owner ended, and another process has its id by now. */
const AGE_MS_MAX = 10 * 60_000;

/** Undefined while another process builds; else what to dispose of afterwards. */
export function takeBuildLock(folder: string): Disposable | undefined {
  mkdirSync(folder, { recursive: true });
  const last = Math.max(0, ...readdirSync(folder).map((name) => Number(NAME.exec(name)?.[1] ?? 0)));
  if (last > 0 && isHeld(join(folder, `lock.${last}`))) return undefined;
  const lock = join(folder, `lock.${last + 1}`);
  const own = join(folder, `own.${process.pid}`);
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    rmSync(own);
  }
  return { [Symbol.dispose]: () => rmSync(lock) };
}

function isHeld(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return Date.now() - statSync(lock).mtimeMs < AGE_MS_MAX;
  } catch (error) {
    // Given on at this moment: the numbers are to be looked at again. Or its owner is gone (ESRCH).
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
