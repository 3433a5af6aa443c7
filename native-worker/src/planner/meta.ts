/** Metadata of files: mtime and executable bit (engine §5.3). Folders and links have none that sync. */
import { META_TABLE } from './place-table.ts';
import type { Pass } from './pass.ts';
import type { Caps, LocalNode, RemoteNode } from './types.ts';
import type { ContentSource, Unit } from './unit.ts';

const NS_PER_MS = 1_000_000n;

/** Nearest ms, halves up: rounding down would give a wrong ms in half of all cases. */
export function roundToMs(ns: bigint): number {
  const shifted = ns + NS_PER_MS / 2n;
  const whole = shifted / NS_PER_MS;
  return Number(shifted < 0n && whole * NS_PER_MS !== shifted ? whole - 1n : whole);
}

/** Which side's metadata a file takes whose content neither side is about to replace. */
export function decideMeta(unit: Unit, pass: Pass): ContentSource {
  const { base, localNode, remoteNode } = unit;
  if (unit.kind !== 'file' || base === undefined) return 'none';
  if (localNode === undefined || remoteNode === undefined) return 'none';
  const { caps } = pass.universe;
  const isLocal =
    localNode.mtimeNs !== base.localMtimeNs ||
    (caps.execBit && localNode.executable !== base.executable);
  const isRemote = remoteNode.mtimeMs !== base.mtimeMs || remoteNode.executable !== base.executable;
  if (!isLocal && !isRemote) {
    pass.trace(pass.cell('meta.same-same'));
    return 'none';
  }
  const cell = isLocal ? (isRemote ? 'changed-changed' : 'changed-same') : 'same-changed';
  pass.trace(pass.cell(`meta.${cell}`));
  const winner = META_TABLE[pass.mode][cell];
  if (winner === 'none') return 'none';
  return isMetaEqual(localNode, remoteNode, caps) ? 'agreed' : winner;
}

export function isMetaEqual(local: LocalNode, remote: RemoteNode, caps: Caps): boolean {
  const isTimeEqual = remote.mtimeMs === null || roundToMs(local.mtimeNs) === remote.mtimeMs;
  return isTimeEqual && (!caps.execBit || local.executable === remote.executable);
}
