/** Devices of the account, this one first, then the one that was seen last. */
import type { DeviceListing } from '@coffer/native-worker/contract';
import type { Words } from '../words/translator.ts';

export interface DeviceRow {
  readonly id: string;
  /** As it said itself; a sentence for one that never did. */
  readonly name: string;
  readonly isCurrent: boolean;
  readonly seen: string;
  /** To the second, for a tooltip; empty when it was never seen. */
  readonly seenAt: string;
  /** Since when it has been one of the account's; undefined where the server does not say. */
  readonly joined: string | undefined;
}

const DAY_MS = 86_400_000;

export function deviceRows(
  devices: readonly DeviceListing[],
  { words, nowMs }: { readonly words: Words; readonly nowMs: number },
): readonly DeviceRow[] {
  const { t, formats } = words;
  const seenText = ({ isCurrent }: DeviceListing, atMs: number | undefined): string => {
    if (isCurrent) return t('devices.seen.now');
    if (atMs === undefined) return t('devices.seen.never');
    const isRecent = nowMs - atMs < DAY_MS;
    const time = isRecent ? formats.ago(atMs, nowMs) : formats.day(atMs, nowMs);
    return t('devices.seen', { time });
  };
  return devices
    .map((device) => ({ device, atMs: msOf(device.lastSeenAt), fromMs: msOf(device.createdAt) }))
    .toSorted(
      (a, b) =>
        Number(b.device.isCurrent) - Number(a.device.isCurrent) || (b.atMs ?? 0) - (a.atMs ?? 0),
    )
    .map(({ device, atMs, fromMs }) => ({
      id: device.id,
      name: device.name === '' ? t('devices.unnamed') : device.name,
      isCurrent: device.isCurrent,
      seen: seenText(device, atMs),
      seenAt: atMs === undefined ? '' : formats.moment(atMs),
      joined:
        fromMs === undefined ? undefined : t('devices.joined', { day: formats.day(fromMs, nowMs) }),
    }));
}

function msOf(at: string | null): number | undefined {
  return at === null ? undefined : Date.parse(at);
}
