/**
 * Seq 1 (protocol §3): exactly the space record, the owner's member record and, except in an account
 * space, root folder and trash. The ids recompute, and signer, author and creator are one account.
 */
import { equalBytes, NO_PARENT } from '../../core/index.ts';
import type { MemberRecord, NodeRecord, SpaceRecord } from '../records.ts';
import { spaceIdOf } from '../space-id.ts';
import type { CommitInState, NodeChange } from './commit-in-state.ts';
import { firstBreak } from './rule.ts';

/** SEAL of an empty CBOR array. */
const NO_OLD_EPOCHS_SIZE_BYTES = 74;
const FIRST_EPOCH = 1;

/** What is wrong with the first commit of a space, or undefined. */
export function judgeGenesis(commit: CommitInState): string | undefined {
  const space = commit.spaceChange?.next;
  const member = commit.members[0]?.next;
  if (space === undefined || member === undefined) return 'space or owner record is missing';
  const roots = space.kind === 'account' ? [] : [commit.rootFolder, commit.trash];
  if (commit.changes.length !== 2 + roots.length || commit.nodes.length !== roots.length) {
    return 'it holds other records';
  }
  return (
    judgeSpace(commit, space) ??
    judgeCreator(commit, space, member) ??
    firstBreak(roots, (root) => judgeRoot(commit, commit.nodeById.get(root)))
  );
}

function judgeSpace(commit: CommitInState, space: SpaceRecord): string | undefined {
  const { suite } = commit;
  const id = spaceIdOf(suite, space.creator, space.creatorIdentity, space.nonce);
  if (id !== commit.space) return 'the space id is not that of its creator and nonce';
  if (space.rev !== 1 || space.epoch !== FIRST_EPOCH) return 'rev and epoch start at 1';
  return space.oldEpochs.length === NO_OLD_EPOCHS_SIZE_BYTES ? undefined : 'there are old epochs';
}

/** The key chain that `chains` gives was verified: its genesis gives the creator's account id. */
function judgeCreator(
  commit: CommitInState,
  space: SpaceRecord,
  member: MemberRecord,
): string | undefined {
  if (commit.header.account !== space.creator) return 'the signer is not the creator';
  if (member.account !== space.creator) return 'the member is not the creator';
  if (member.role !== 'owner' || member.rev !== 1) return 'the creator is not the owner';
  if (member.epoch !== FIRST_EPOCH || member.rotate) return 'the owner has another epoch';
  if (!equalBytes(member.identity, space.creatorIdentity)) return 'the owner has another identity';
  const chain = commit.chains(space.creator);
  const pinned = chain?.identityAt(member.chainSeq);
  if (chain === undefined || chain.account !== space.creator || pinned === undefined) {
    return 'the key chain of the creator is missing';
  }
  return equalBytes(pinned, space.creatorIdentity) &&
    chain.headAt(member.chainSeq) === member.chainHead
    ? undefined
    : 'the key chain is not the one of the creator';
}

function judgeRoot(commit: CommitInState, change: NodeChange | undefined): string | undefined {
  const root = change?.next;
  if (root === undefined || root.parent !== NO_PARENT) return 'root folder or trash is missing';
  return isPlainRoot(root) && root.by === commit.header.account
    ? undefined
    : `root ${root.id} is not as it starts`;
}

function isPlainRoot(root: NodeRecord): boolean {
  return (
    root.kind === 'folder' &&
    root.rev === 1 &&
    root.kr === FIRST_EPOCH &&
    root.cut === 0 &&
    root.pk === 0 &&
    root.tag === null &&
    root.wrappedKey === null &&
    root.content === null &&
    root.keepUntil === null
  );
}
