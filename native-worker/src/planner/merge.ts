/** When two claimants of one slot become one (engine §5.4): folders, and files with equal bytes. */
import { fateOfLoser } from './copies.ts';
import type { Pass } from './pass.ts';
import { holdsRemotely, isRemoteAlive, type Unit } from './unit.ts';

/** Makes one of the two, if they can be one. */
export function mergeOrPair(winner: Unit, loser: Unit, pass: Pass): boolean {
  if (winner.kind !== loser.kind) return false;
  if (winner.remote === 'excluded' || loser.remote === 'excluded') return false;
  if (winner.kind === 'folder') return mergeFolders(winner, loser, pass);
  const sameness = compareContent(winner, loser);
  if (sameness === 'unhashed') {
    pass.trace('slot.unhashed');
    for (const unit of [winner, loser]) {
      unit.target.frozen = true;
      pass.awaitingHash.add(unit);
      if (unit.localContent === 'unhashed' && unit.localNode) pass.hashes.add(unit.localNode.id);
    }
    return true;
  }
  const pair = splitPair(winner, loser);
  if (pair !== undefined && (sameness === 'equal' || pass.mode === 'upload')) {
    pass.trace('slot.equal-pair');
    adopt(pair.node, pair.entry);
    // Different bytes are bound as well in upload mode: the local ones are then an edit.
    pair.node.target.content = sameness === 'equal' ? 'agreed' : 'none';
    return true;
  }
  if (sameness !== 'equal' && pair?.node === winner) return joinLoser(winner, loser, pass);
  if (sameness !== 'equal' || pass.mode !== 'two-way') return false;
  pass.trace('slot.equal-absorb');
  absorbFile(winner, loser);
  return true;
}

/** The node and the new entry that lies under a name made from its own; false where they are not one. */
export function pairHeld(node: Unit, entry: Unit, pass: Pass): boolean {
  if (splitPair(node, entry) === undefined) return false;
  if (node.kind !== 'folder' && compareContent(node, entry) === 'different') return false;
  return mergeOrPair(node, entry, pass);
}

/** A new entry at the slot of a node, with other bytes: the node may have such a copy, or enough of them. */
function joinLoser(winner: Unit, loser: Unit, pass: Pass): boolean {
  if (winner.node === null || loser.node !== null) return false;
  const fate = fateOfLoser(loser.target.entry, winner.node, pass);
  if (fate === 'copied') {
    loser.target.exists = false;
    loser.target.mergedInto = winner;
  } else if (fate === 'version') {
    // Bound first: it is an edit of the node then.
    adopt(winner, loser);
    winner.target.content = 'none';
  }
  return fate !== 'copy';
}

/**
 * A new file at the slot of one that is left out, with its bytes: a copy of it that a power cut let
 * stay without its rows, say. It is what should not be here.
 */
export function joinLeftOut(leftOut: Unit, entry: Unit, pass: Pass): boolean {
  if (pass.mode !== 'two-way' || entry.kind === 'folder' || entry.kind !== leftOut.kind)
    return false;
  const isNew = entry.node === null && entry.copyOf === null && entry.target.entry !== undefined;
  if (!isNew || leftOut.target.exists || leftOut.target.entry !== undefined) return false;
  const sameness = compareContent(leftOut, entry);
  if (sameness === 'different') return false;
  if (sameness === 'equal') {
    pass.trace('slot.equal-absorb');
    entry.target.exists = false;
    entry.target.mergedInto = leftOut;
  } else {
    pass.trace('slot.unhashed');
    entry.target.frozen = true;
    if (entry.localNode !== undefined) pass.hashes.add(entry.localNode.id);
  }
  return true;
}

/** Where only the case of a name differs, a node and an entry without one can still be one. */
export function pairAcrossCase(a: Unit, b: Unit, pass: Pass): void {
  if (a.remote === 'excluded' || b.remote === 'excluded') return;
  if (a.kind !== b.kind || splitPair(a, b) === undefined) return;
  if (a.kind === 'folder' || compareContent(a, b) !== 'different') mergeOrPair(a, b, pass);
}

function mergeFolders(winner: Unit, loser: Unit, pass: Pass): boolean {
  const pair = splitPair(winner, loser);
  if (pair !== undefined) {
    pass.trace('slot.folders-pair');
    adopt(pair.node, pair.entry);
    pair.node.target.content = 'none';
    return true;
  }
  // Two folders that both have nodes keep them: links and shares point at either.
  if (isRemoteAlive(loser) || pass.mode !== 'two-way') return false;
  if (!isRemoteAlive(winner) || winner.target.entry === undefined) return false;
  if (!canEmpty(loser, pass)) return false;
  pass.trace('slot.folders-merge');
  loser.target.exists = false;
  loser.target.mergedInto = winner;
  return true;
}

/** One has the node and no entry, the other the entry and no node. */
function splitPair(a: Unit, b: Unit): { readonly node: Unit; readonly entry: Unit } | undefined {
  if (hasOnlyNode(a) && hasOnlyEntry(b)) return { node: a, entry: b };
  return hasOnlyNode(b) && hasOnlyEntry(a) ? { node: b, entry: a } : undefined;
}

function hasOnlyNode(unit: Unit): boolean {
  return holdsRemotely(unit) && unit.target.entry === undefined && !unit.target.splits;
}

function hasOnlyEntry(unit: Unit): boolean {
  return (
    !isRemoteAlive(unit) &&
    !holdsRemotely(unit) &&
    unit.target.entry !== undefined &&
    unit.copyOf === null
  );
}

function adopt(node: Unit, entry: Unit): void {
  node.target.entry = entry.target.entry;
  entry.target.entry = undefined;
  entry.target.exists = false;
  entry.target.mergedInto = node;
}

function absorbFile(winner: Unit, loser: Unit): void {
  const { target } = loser;
  if (winner.target.entry === undefined && !winner.target.splits && isEntryCurrent(loser)) {
    winner.target.entry = target.entry;
    winner.target.content = 'agreed';
    target.entry = undefined;
  }
  target.exists = false;
  target.mergedInto = winner;
}

/** Its bytes on disk are the content that it has in the planned tree. */
function isEntryCurrent({ target }: Unit): boolean {
  return target.entry !== undefined && target.content !== 'remote';
}

function compareContent(a: Unit, b: Unit): 'equal' | 'different' | 'unhashed' {
  const [one, other] = [contentOf(a), contentOf(b)];
  if (a.kind === 'symlink') return one.target === other.target ? 'equal' : 'different';
  if (one.size !== other.size) return 'different';
  if (one.sha256 === null || other.sha256 === null) return 'unhashed';
  return one.sha256 === other.sha256 ? 'equal' : 'different';
}

function contentOf({ target, localNode, remoteNode }: Unit) {
  const row = target.content === 'remote' ? remoteNode : (target.entry ?? localNode ?? remoteNode);
  return {
    size: row?.size ?? 0,
    sha256: row?.sha256 ?? null,
    target: row?.target ?? null,
  };
}

/** A folder can go only if nothing in it must stay where it is, however deep. */
function canEmpty(folder: Unit, { universe }: Pass): boolean {
  const entry = folder.target.entry;
  if (entry === undefined) return false;
  return universe.trees.local
    .children(entry.id)
    .every(({ id, state }) => state === 'seen' && universe.ofLocal(id)?.target.frozen !== true);
}
