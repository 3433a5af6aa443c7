/** What becomes of the loser of a conflict (engine §7): a copy, unless there is one, or there are many. */
import type { NodeId } from '@coffer/protocol/core';
import type { Pass } from './pass.ts';
import type { LocalNode } from './types.ts';

export type LoserFate =
  /** It becomes a conflict copy. */
  | 'copy'
  /** A copy with its bytes is there: another device met the same conflict before. */
  | 'copied'
  /** The node has copies enough: it becomes the head, and what was head a version. */
  | 'version';

/** `loser`: the local entry that claims the place of `node` with other bytes. */
export function fateOfLoser(loser: LocalNode | undefined, node: NodeId, pass: Pass): LoserFate {
  if (loser?.kind !== 'file') return 'copy';
  const copies = pass.universe.openCopies(node);
  if (loser.sha256 !== null && copies.some(({ sha256 }) => sha256 === loser.sha256)) {
    pass.trace('copy.equal');
    return 'copied';
  }
  // The other modes make no copies in the drive.
  if (pass.mode !== 'two-way' || copies.length < pass.universe.policy.openCopiesMax) return 'copy';
  pass.trace('copy.version');
  return 'version';
}
