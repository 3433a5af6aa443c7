import type { ActivityListing } from './contract/index.ts';
import type { Activity } from './trees/index.ts';

/** RFC 3339 in UTC. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** A path in a pair as an absolute one on the drive. */
export function pathBelow(remoteRoot: string, relative: string): string {
  return `${remoteRoot === '/' ? '' : remoteRoot}/${relative}`;
}

/** One line of the list of what happened; `remoteRoot`: path of the pair on the drive. */
export function activityLine(
  activity: Activity,
  device: string,
  remoteRoot: string,
): ActivityListing {
  const line: ActivityListing = {
    at: timeText(activity.atMs),
    op: activity.op,
    path: pathBelow(remoteRoot, activity.before ?? activity.after ?? ''),
    device,
  };
  if (activity.before !== null && activity.after !== null) {
    line.to = pathBelow(remoteRoot, activity.after);
  }
  if (activity.bytes !== null) line.bytes = activity.bytes;
  return line;
}
