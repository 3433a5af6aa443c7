/** Paths in a drive: absolute, names joined by `/`, looked up by their NFC form. */
import { err, ok, type Result } from '@coffer/protocol/core';
import { parseNodeName } from '@coffer/protocol/model/open';

/** Names from the root down; the root itself has none. */
export type DrivePath = readonly string[];

/** A leading or trailing `/` may be left out; `.` and `..` and other names that cannot be are refused. */
export function parseDrivePath(text: string): Result<DrivePath, 'name-invalid'> {
  const names = text.split('/').filter((name) => name !== '');
  return names.every((name) => parseNodeName(name).ok) ? ok(names) : err('name-invalid');
}

/** The path of these names, beginning with `/`. */
export function formatDrivePath(path: DrivePath): string {
  return `/${path.join('/')}`;
}

/** Names that collide in one folder have one key. */
export function nameKey(name: string): string {
  return name.normalize('NFC');
}
