/** Names of conflict copies, and other names made from a taken one (engine §7). */
import { Defect } from '@coffer/protocol/core';
import { cutTo, lengthIn } from './name-length.ts';
import { nameParts } from './name-parts.ts';
import type { Caps, Policy } from './types.ts';

const DEVICE_NAME_LENGTH_MAX = 24;
/** Never more tries than this: each is one name that is taken. */
const TRIES_MAX = 100_000;

/**
 * `<stem> (conflict <device> YYYY-MM-DD HH-mm-ss)<ext>`, with ` 2`, ` 3` … behind the time when taken.
 * The stem is cut so that the name fits the root. A folder has no extension.
 */
export function conflictName(
  name: string,
  options: {
    readonly isFolder: boolean;
    readonly policy: Pick<Policy, 'deviceName' | 'planningTime'>;
    readonly caps: Pick<Caps, 'nameMax' | 'nameUnit'>;
    readonly isTaken: (name: string) => boolean;
  },
): string {
  const { policy, caps, isFolder, isTaken } = options;
  const device = Array.from(policy.deviceName).slice(0, DEVICE_NAME_LENGTH_MAX).join('');
  const mark = `conflict ${device} ${policy.planningTime}`;
  return firstFree(name, isFolder, caps, isTaken, (n) =>
    n === 1 ? ` (${mark})` : ` (${mark} ${n})`,
  );
}

/** `<stem> (2)<ext>` and so on: a local name for a node whose own is taken here. */
export function numberedName(
  name: string,
  isFolder: boolean,
  caps: Pick<Caps, 'nameMax' | 'nameUnit'>,
  isTaken: (name: string) => boolean,
): string {
  return firstFree(name, isFolder, caps, isTaken, (n) => ` (${n + 1})`);
}

/** The n-th of those names, from 1 on. */
export function numberedForm(
  name: string,
  isFolder: boolean,
  caps: Pick<Caps, 'nameMax' | 'nameUnit'>,
  n: number,
): string {
  return markedForm(name, isFolder, caps, ` (${n + 1})`);
}

function firstFree(
  name: string,
  isFolder: boolean,
  caps: Pick<Caps, 'nameMax' | 'nameUnit'>,
  isTaken: (name: string) => boolean,
  mark: (n: number) => string,
): string {
  for (let n = 1; n < TRIES_MAX; n++) {
    const made = markedForm(name, isFolder, caps, mark(n));
    if (!isTaken(made)) return made;
  }
  throw new Defect('there is a free name');
}

function markedForm(
  name: string,
  isFolder: boolean,
  caps: Pick<Caps, 'nameMax' | 'nameUnit'>,
  mark: string,
): string {
  const { stem, extension } = nameParts(name, isFolder);
  const tail = mark + extension;
  const room = caps.nameMax - lengthIn(tail, caps.nameUnit);
  return cutTo(stem, room, caps.nameUnit) + tail;
}
