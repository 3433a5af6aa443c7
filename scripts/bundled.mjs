// The command line in few files: loading a thousand small sources is most of what a short command costs.
// It is made beside the packages and used while every source is what it was made of; else the sources run.
// Plain JavaScript without a dependency: it stands on the way of every command.
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const bundleFolder = `${root}node_modules/.cache/bundle/`;
export const bundleRecord = `${bundleFolder}bundle.json`;

/** There while a bundle is made, and after that failed. */
export const bundleLock = `${bundleFolder}lock`;
/** A build that failed, or was killed, is not tried again before. */
export const LOCK_MS_MAX = 60 * 60_000;

const QUIET_MS = 60_000;

/**
 * What `scripts/bundle.mjs` writes: where the clone was, the entry, path and size of each part of the bundle,
 * and path, time and size of each source.
 * @typedef {{ root: string, entry: string, outputs: [string, number][], inputs: [string, number, number][] }} Bundle
 */

/** @returns {Bundle | undefined} */
export function readRecord() {
  try {
    return JSON.parse(readFileSync(bundleRecord, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * The entry of the bundle, when it is what the sources say, and whole: a power cut empties files, cleaners
 * remove some, and an empty entry would do nothing and say that all is well.
 * @returns {string | undefined}
 */
export function freshBundle() {
  const record = readRecord();
  if (record?.root !== root) return undefined;
  const isWhole = record.outputs?.every(
    ([path, size]) => statSync(root + path, { throwIfNoEntry: false })?.size === size,
  );
  if (!isWhole) return undefined;
  const isFresh = record.inputs.every(([path, mtimeMs, size]) => {
    const stat = statSync(root + path, { throwIfNoEntry: false });
    return stat?.mtimeMs === mtimeMs && stat.size === size;
  });
  return isFresh ? record.entry : undefined;
}

/**
 * Whether to make one: nobody has changed a source for a minute, as far as an earlier bundle tells, no other
 * process is at it or has failed of late, and there is a place for it.
 */
export function mayBundle() {
  const since = statSync(bundleLock, { throwIfNoEntry: false })?.mtimeMs;
  if (since !== undefined && Date.now() - since <= LOCK_MS_MAX) return false;
  try {
    accessSync(`${root}node_modules`, constants.W_OK);
  } catch {
    return false;
  }
  return isQuiet();
}

function isQuiet() {
  const before = Date.now() - QUIET_MS;
  const inputs = readRecord()?.inputs ?? [];
  return inputs.every(([path]) => {
    const stat = statSync(root + path, { throwIfNoEntry: false });
    return stat === undefined || stat.mtimeMs < before;
  });
}
