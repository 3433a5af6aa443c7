/** Rotation on touch (protocol §3): a node gets a new key and keeps the old ones that are in use. */
import { err, ok, type Bytes, type Result } from '../../core/index.ts';
import { KEY_SIZE_BYTES, type OpenSuite } from '../../crypto/index.ts';
import type { NodeKind } from '../records.ts';
import { FILE_OLD_KEYS_MAX, FOLDER_OLD_KEYS_MAX, type OldKey } from './node-meta.ts';

export interface RotatedKey {
  readonly kr: number;
  readonly key: Bytes;
  /** For the node's meta, newest first. */
  readonly olds: readonly OldKey[];
}

/**
 * A fresh key numbered `kr` for a node that had `current`. `isUsed` says of each older key whether
 * children, pages or versions still stand under it. `olds-full`: reseal them first, so that fewer do.
 */
export function newKeyFor(
  suite: OpenSuite,
  node: {
    readonly kind: NodeKind;
    readonly current: OldKey;
    readonly olds: readonly OldKey[];
    readonly kr: number;
    readonly isUsed?: (kr: number) => boolean;
  },
): Result<RotatedKey, 'olds-full'> {
  const isUsed = node.isUsed ?? (() => true);
  const olds = [node.current, ...node.olds].filter(({ kr }) => isUsed(kr));
  const oldsMax = node.kind === 'file' ? FILE_OLD_KEYS_MAX : FOLDER_OLD_KEYS_MAX;
  if (olds.length > oldsMax) return err('olds-full');
  return ok({ kr: node.kr, key: suite.randomBytes(KEY_SIZE_BYTES), olds });
}
