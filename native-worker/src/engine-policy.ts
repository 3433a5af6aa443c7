/** What the planner is told besides the trees. */
import type { Bytes } from '@coffer/protocol/core';
import type { DeletionRun } from './engine-deletions.ts';
import type { EngineOptions } from './engine-options.ts';
import {
  DEVICE_NAME_CHARACTERS_MAX,
  HOLD_COUNT_MAX,
  HOLD_SHARE_COUNT_MIN,
  HOLD_SHARE_MAX,
  OPEN_COPIES_MAX,
} from './limits.ts';
import type { Policy } from './planner/types.ts';
import type { Pair, PairTrees } from './trees/index.ts';

export function policyOf(given: {
  readonly options: EngineOptions;
  readonly pair: Pair;
  readonly trees: PairTrees;
  readonly deletionsInRun: ReturnType<DeletionRun['inRun']>;
  readonly sha256: (bytes: Bytes) => Bytes;
}): Policy {
  const { options, pair, trees } = given;
  const { executed, held } = given.deletionsInRun;
  return {
    mode: pair.mode,
    deviceName: sanitiseDeviceName(options.deviceName),
    planningTime: localTimeText(options.clock.now()),
    holdCountMax: options.settings?.holdCountMax ?? HOLD_COUNT_MAX,
    holdShareMax: options.settings?.holdShareMax ?? HOLD_SHARE_MAX,
    holdShareCountMin: HOLD_SHARE_COUNT_MIN,
    openCopiesMax: OPEN_COPIES_MAX,
    excluded: trees.exclusions.list(),
    held: trees.holds.list(),
    // What the run holds is judged with what comes after it; the planner adds it to the base again.
    baseCount: trees.base.count() - held.local - held.remote,
    deletionsInRun: {
      local: executed.local + held.local,
      remote: executed.remote + held.remote,
    },
    sha256: given.sha256,
  };
}

/** A device name that any file system can hold within a file name; never empty. */
export function sanitiseDeviceName(name: string): string {
  const plain = name
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}/\\:*?"<>|]/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const cut = Array.from(plain).slice(0, DEVICE_NAME_CHARACTERS_MAX).join('').trim();
  return cut === '' ? 'device' : cut;
}

/** `YYYY-MM-DD HH-mm-ss` in local time. */
export function localTimeText(ms: number): string {
  const time = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}-${two(time.getMinutes())}-${two(time.getSeconds())}`;
}
