/** How the bodies of one answer are fetched: a few long reads, whatever order they are asked in. */
import type { BodyPlace } from '../stores/metadata-store.ts';

/** What one answer holds in memory at a time. */
const WINDOW_SIZE_BYTES = 8 * 1024 * 1024;
/** Reading over a gap of this size is cheaper than another read. */
const GAP_BYTES_MAX = 64 * 1024;

export interface PlannedRange {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly places: readonly BodyPlace[];
}

export interface PlannedRead {
  readonly pack: string;
  readonly ranges: readonly PlannedRange[];
}

export interface ReadWindow {
  /** Which of the places: `from` inclusive, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  readonly reads: readonly PlannedRead[];
}

/** Windows one after the other; each has one place at least. */
export function* planReads(
  places: readonly (BodyPlace | undefined)[],
): Generator<ReadWindow, void, void> {
  let from = 0;
  while (from < places.length) {
    let to = from;
    let sizeBytes = 0;
    while (to < places.length) {
      const lengthBytes = places[to]?.lengthBytes ?? 0;
      if (to > from && sizeBytes + lengthBytes > WINDOW_SIZE_BYTES) break;
      sizeBytes += lengthBytes;
      to++;
    }
    yield { from, to, reads: planWindow(places.slice(from, to)) };
    from = to;
  }
}

function planWindow(places: readonly (BodyPlace | undefined)[]): PlannedRead[] {
  const placesByPack = new Map<string, BodyPlace[]>();
  for (const place of places) {
    if (place === undefined) continue;
    const others = placesByPack.get(place.pack);
    if (others) others.push(place);
    else placesByPack.set(place.pack, [place]);
  }
  return [...placesByPack].map(([pack, found]) => ({ pack, ranges: mergeRanges(found) }));
}

function mergeRanges(places: BodyPlace[]): PlannedRange[] {
  places.sort((a, b) => a.offset - b.offset);
  const ranges: { offset: number; lengthBytes: number; places: BodyPlace[] }[] = [];
  for (const place of places) {
    const last = ranges.at(-1);
    const end = last ? last.offset + last.lengthBytes : 0;
    if (last && place.offset <= end + GAP_BYTES_MAX) {
      last.places.push(place);
      last.lengthBytes = Math.max(end, place.offset + place.lengthBytes) - last.offset;
    } else {
      ranges.push({ offset: place.offset, lengthBytes: place.lengthBytes, places: [place] });
    }
  }
  return ranges;
}
