/** Kinds and roles as they stand on the wire: by their number, counted from 1 (protocol §3). */
import type { Schema } from '../codec/index.ts';
import { FormatError } from '../core/index.ts';
import type { NodeKind, Role, SpaceKind } from './records.ts';

export const SPACE_KINDS = ['drive', 'shared', 'account'] as const satisfies readonly SpaceKind[];
export const NODE_KINDS = [
  'folder',
  'file',
  'symlink',
  'mount',
] as const satisfies readonly NodeKind[];
export const ROLES = ['viewer', 'editor', 'manager', 'owner'] as const satisfies readonly Role[];

/** Number on the wire: the place in `names`, counted from 1. */
export function codeOf<T extends string>(names: readonly T[], name: T): number {
  return names.indexOf(name) + 1;
}

/** One of `names` by its number on the wire. */
export function coded<T extends string>(names: readonly T[]): Schema<T> {
  return (value) => {
    const name = typeof value === 'number' ? names[value - 1] : undefined;
    if (name === undefined) throw new FormatError('not a known kind');
    return name;
  };
}
