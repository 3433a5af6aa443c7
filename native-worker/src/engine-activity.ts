import type { ActivityListing } from './contract/index.ts';
import type { Activity } from './trees/index.ts';

/** RFC 3339 in UTC. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** One line of the list of what happened; paths are relative to the pair's root. */
export function activityLine(activity: Activity, device: string): ActivityListing {
  const line: ActivityListing = {
    at: timeText(activity.atMs),
    op: activity.op,
    path: activity.before ?? activity.after ?? '',
    device,
  };
  if (activity.before !== null && activity.after !== null) line.to = activity.after;
  if (activity.bytes !== null) line.bytes = activity.bytes;
  return line;
}
