/** What must hold when a case has come to rest. */
import { Defect, type Digest, type NodeId } from '@coffer/protocol/core';
import type { LocalId, PairMode } from '../types.ts';
import { LINUX, LOCAL_ROOT, ROOT, TRASH, type PretendPair } from './pretend-pair.ts';

export interface Memory {
  readonly mode: PairMode;
  /** Which side was changed since both agreed. */
  readonly changed: 'local' | 'remote' | 'both';
  /** Contents that are on either side. */
  readonly contents: ReadonlySet<Digest>;
  /** Contents that one side made or edited: they live on. */
  readonly fresh: ReadonlySet<Digest>;
  /** Nodes deleted on one side, with nothing on the other that speaks for them. */
  readonly doomed: ReadonlySet<NodeId>;
  readonly localPaths: string;
  readonly remotePaths: string;
}

export function remember(pair: PretendPair, mode: PairMode, changed: Memory['changed']): Memory {
  const contents = new Set<Digest>();
  const fresh = new Set<Digest>();
  for (const row of pair.local.rows.values()) {
    if (row.state !== 'seen' || row.sha256 === null) continue;
    contents.add(row.sha256);
    const node = pair.baseByLocal.get(row.id);
    if (node === undefined || pair.base.get(node)?.sha256 !== row.sha256) fresh.add(row.sha256);
  }
  for (const row of pair.remote.rows.values()) {
    if (row.sha256 === null) continue;
    contents.add(row.sha256);
    if (row.state === 'live' && pair.base.get(row.id)?.sha256 !== row.sha256) fresh.add(row.sha256);
  }
  return {
    mode,
    changed,
    contents,
    fresh,
    doomed: doomedNodes(pair),
    localPaths: describeLocal(pair),
    remotePaths: describeRemote(pair),
  };
}

/**
 * Files deleted on one side and untouched, folders included, on the other. One whose bytes a new entry
 * has may come back as that.
 */
function doomedNodes(pair: PretendPair): ReadonlySet<NodeId> {
  const doomed = new Set<NodeId>();
  for (const base of pair.base.rows.values()) {
    if (base.kind === 'folder') continue;
    const remote = pair.remote.get(base.id);
    const local = pair.local.get(base.localId);
    const isLocalGone = local?.state !== 'seen';
    const isRemoteGone = remote?.state !== 'live';
    if (isLocalGone === isRemoteGone) continue;
    if (isMadeAnew(pair, base.sha256) || isMadeAnew(pair, remote?.sha256 ?? null)) continue;
    if (isLocalGone ? isRemoteStill(pair, base.id) : isLocalStill(pair, base.id))
      doomed.add(base.id);
  }
  return doomed;
}

function isMadeAnew(pair: PretendPair, content: Digest | null): boolean {
  return [...pair.local.rows.values()].some(
    ({ id, state, sha256 }) =>
      sha256 !== null && sha256 === content && state === 'seen' && !pair.baseByLocal.has(id),
  );
}

/** The node and all folders above it are as the base has them on the remote side. */
function isRemoteStill(pair: PretendPair, id: NodeId): boolean {
  for (let at = id; at !== ROOT;) {
    const [base, remote] = [pair.base.get(at), pair.remote.get(at)];
    if (base === undefined || remote?.state !== 'live') return false;
    if (remote.parent !== base.parent || remote.name !== base.name) return false;
    if (remote.sha256 !== base.sha256 || remote.target !== base.target) return false;
    at = base.parent;
  }
  return true;
}

function isLocalStill(pair: PretendPair, id: NodeId): boolean {
  for (let at = id; at !== ROOT;) {
    const base = pair.base.get(at);
    const local = base === undefined ? undefined : pair.local.get(base.localId);
    if (base === undefined || local?.state !== 'seen') return false;
    const parent = base.parent === ROOT ? LOCAL_ROOT : pair.base.get(base.parent)?.localId;
    if (local.parent !== parent || local.name !== base.localName) return false;
    if (local.sha256 !== base.sha256 || local.target !== base.target) return false;
    at = base.parent;
  }
  return true;
}

export function checkEnd(pair: PretendPair, memory: Memory, isInterrupted: boolean): void {
  checkShape(pair);
  checkNothingLost(pair, memory);
  if (memory.mode === 'upload') {
    claim(describeLocal(pair) === memory.localPaths, 'upload mode changed the local side');
    return;
  }
  if (memory.mode === 'download') {
    claim(describeRemote(pair) === memory.remotePaths, 'download mode changed the remote side');
    return;
  }
  checkAgreement(pair);
  for (const id of memory.doomed) {
    claim(pair.remote.get(id)?.state !== 'live', 'what was deleted came back');
  }
  for (const content of memory.fresh) {
    claim(isLive(pair, content), `the new content ${content} does not live on`);
  }
  if (memory.changed === 'remote') {
    claim(describeRemote(pair) === memory.remotePaths, 'the one side that changed is not kept');
  }
  if (memory.changed === 'local' && pair.caps.caseSensitive && !isInterrupted) {
    claim(describeLocal(pair) === memory.localPaths, 'the one side that changed is not kept');
  }
}

function isLive(pair: PretendPair, content: Digest): boolean {
  return [...pair.remote.rows.values()].some(
    ({ state, sha256 }) => state === 'live' && sha256 === content,
  );
}

/** No node without its folder, no folder below itself, no two at one slot. */
export function checkShape(pair: PretendPair): void {
  for (const row of pair.remote.rows.values()) {
    const seen = new Set<NodeId>();
    for (let at: NodeId = row.id; at !== ROOT && at !== TRASH;) {
      claim(!seen.has(at), 'a remote folder is below itself');
      seen.add(at);
      const parent = pair.remote.get(at)?.parent;
      if (parent === undefined) throw new Defect('a remote node has no folder');
      at = parent;
    }
  }
  for (const row of pair.local.rows.values()) {
    if (row.state !== 'seen' || row.id === LOCAL_ROOT) continue;
    const seen = new Set<LocalId>();
    for (let at: LocalId = row.id; at !== LOCAL_ROOT;) {
      claim(!seen.has(at), 'a local folder is below itself');
      seen.add(at);
      const parent = pair.local.get(at)?.parent;
      if (parent === undefined) throw new Defect('a local entry has no folder');
      if (parent !== LOCAL_ROOT) {
        claim(
          pair.local.get(parent)?.state !== 'gone',
          'a local entry is in a folder that is gone',
        );
      }
      at = parent;
    }
  }
}

export function checkNothingLost(pair: PretendPair, memory: Memory): void {
  const kept = new Set<Digest>([...pair.versions, ...pair.recycled]);
  for (const { sha256 } of pair.remote.rows.values()) if (sha256 !== null) kept.add(sha256);
  for (const { id, state, sha256 } of pair.local.rows.values()) {
    const content = sha256 ?? pair.unread.get(id) ?? null;
    if (content !== null && state !== 'gone') kept.add(content);
  }
  for (const content of memory.contents) claim(kept.has(content), `the content ${content} is lost`);
}

/** Both sides have the same nodes at the same places, up to local names, and the base says so. */
export function checkAgreement(pair: PretendPair): void {
  const entries = new Set(pair.local.below(LOCAL_ROOT).filter(({ state }) => state === 'seen'));
  for (const remote of pair.remote.rows.values()) {
    if (remote.state !== 'live') continue;
    const base = pair.base.get(remote.id);
    const local = base === undefined ? undefined : pair.local.get(base.localId);
    claim(local?.state === 'seen', `the remote node ${remote.name} is not on the local side`);
    if (base === undefined || local === undefined) continue;
    entries.delete(local);
    const parent = remote.parent === ROOT ? LOCAL_ROOT : pair.base.get(remote.parent)?.localId;
    claim(local.parent === parent, `${remote.name} is in another folder`);
    claim(base.name === remote.name && base.localName === local.name, 'the base has other names');
    claim(local.kind === remote.kind, `${remote.name} is of another kind`);
    claim(
      local.sha256 === remote.sha256 && base.sha256 === remote.sha256,
      `${remote.name} has another content`,
    );
    claim(local.target === remote.target, `${remote.name} leads elsewhere`);
    const isHeld = pair.caps.caseSensitive && pair.caps.nameMax === LINUX.nameMax;
    if (isHeld) claim(local.name === remote.name, 'a local name differs');
  }
  claim(entries.size <= 1, 'the local side has an entry that the remote side has not');
}

/** Every path with its kind and content, sorted. */
export function describeLocal(pair: PretendPair): string {
  const lines: string[] = [];
  const visit = (folder: LocalId, path: string): void => {
    for (const row of pair.local.children(folder)) {
      if (row.state !== 'seen') continue;
      const at = `${path}/${row.name}`;
      lines.push(`${at} ${row.kind} ${row.sha256 ?? row.target ?? ''}`);
      if (row.kind === 'folder') visit(row.id, at);
    }
  };
  visit(LOCAL_ROOT, '');
  return lines.sort().join('\n');
}

export function describeRemote(pair: PretendPair): string {
  const lines: string[] = [];
  const visit = (folder: NodeId, path: string): void => {
    for (const row of pair.remote.children(folder)) {
      if (row.state !== 'live') continue;
      const at = `${path}/${row.name}`;
      lines.push(`${at} ${row.kind} ${row.sha256 ?? row.target ?? ''}`);
      if (row.kind === 'folder') visit(row.id, at);
    }
  };
  visit(ROOT, '');
  return lines.sort().join('\n');
}

export function claim(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
