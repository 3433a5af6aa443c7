/**
 * Checks everything that is stored against everything else, in both directions: commits against
 * heads, records against roots, references against bodies, bodies against packs, packs against rows.
 * For a store that nobody else works on. Repairs only what can be counted anew or is named by nobody;
 * bodies that are not there are made missing, so that devices that have them send them again.
 */
import type { AccountId } from '@coffer/protocol/core';
import { verifyKeyChain } from '@coffer/protocol/model';
import type { AuditedPack } from '../stores/audit-store.ts';
import {
  nameSome,
  reasonOf,
  type Finding,
  type FsckContext,
  type FsckOptions,
  type FsckReport,
} from './fsck-finding.ts';
import { checkSpace } from './fsck-space.ts';
import { findDamaged } from './scrub.ts';
import { unnamedPacks } from './unnamed-packs.ts';

const ROWS_PER_STEP = 1000;

export async function fsck(
  context: FsckContext,
  options: FsckOptions,
  signal: AbortSignal,
): Promise<FsckReport> {
  const { store } = context;
  const findings: Finding[] = [];
  for (const detail of await store.checkFiles()) {
    findings.push({ kind: 'files', detail, isLoss: true, isRepaired: false });
  }
  const accounts = await checkAccounts(context, findings, signal);
  const checked = { accounts, spaces: 0, commits: 0, records: 0, bodies: 0, packs: 0 };
  for (const space of await store.listAllSpaces()) {
    signal.throwIfAborted();
    const sums = await checkSpace(context, options, space, findings);
    checked.spaces++;
    checked.commits += sums.commits;
    checked.records += sums.records;
    checked.bodies += sums.bodies;
  }
  checked.packs = await checkPacks(context, options, findings, signal);
  await checkStrays(context, options, findings, signal);
  return { findings, checked };
}

async function checkAccounts(
  { store, suite }: FsckContext,
  findings: Finding[],
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for (let after: AccountId | undefined; ;) {
    const accounts = await store.listAccounts(after, ROWS_PER_STEP);
    for (const { id } of accounts) {
      signal.throwIfAborted();
      try {
        verifyKeyChain(suite, id, await store.getChain(id, 0));
      } catch (error) {
        const detail = `its key chain does not verify: ${reasonOf(error)}`;
        findings.push({ kind: 'key-chain', account: id, detail, isLoss: true, isRepaired: false });
      }
      count++;
      after = id;
    }
    if (accounts.length < ROWS_PER_STEP) return count;
  }
}

/** Rows → packs. */
async function checkPacks(
  context: FsckContext,
  options: FsckOptions,
  findings: Finding[],
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for (let after = 0; ;) {
    const packs = await context.store.listPacks(after, ROWS_PER_STEP);
    for (const pack of packs) {
      signal.throwIfAborted();
      after = pack.no;
      if (pack.isDead) continue;
      await checkPack(context, options, pack, findings);
      count++;
    }
    if (packs.length < ROWS_PER_STEP) return count;
  }
}

async function checkPack(
  context: FsckContext,
  { isRepair, isDataRead }: FsckOptions,
  pack: AuditedPack,
  findings: Finding[],
): Promise<void> {
  const { store, packs, clock } = context;
  const sizeBytes = await packs.sizeOf(pack.space, pack.pack);
  const isWhole = sizeBytes === pack.sizeBytes;
  if (isWhole && !isDataRead) return;
  const bodies = await store.listBodiesIn(pack.pack);
  const damaged = await findDamaged(context, pack, bodies);
  if (isRepair) await store.noteScrub(pack.pack, { damaged, at: clock.now() });
  const place = { space: pack.space, pack: pack.pack, isRepaired: isRepair };
  const found = { ...place, isLoss: damaged.length > 0 };
  const lost = `${damaged.length} of its ${bodies.length} bodies cannot be read`;
  if (sizeBytes === undefined) findings.push({ ...found, kind: 'pack-missing', detail: lost });
  else if (!isWhole) {
    const detail = `${sizeBytes} bytes instead of ${pack.sizeBytes}; ${lost}`;
    findings.push({ ...found, kind: 'pack-cut', detail });
  } else if (damaged.length > 0) {
    findings.push({ ...found, kind: 'body-damaged', detail: `${lost}: ${nameSome(damaged)}` });
  }
}

/** Packs → rows. */
async function checkStrays(
  { store, packs }: FsckContext,
  { isRepair }: FsckOptions,
  findings: Finding[],
  signal: AbortSignal,
): Promise<void> {
  for await (const strays of unnamedPacks(store, packs, signal)) {
    for (const { space, pack } of strays) {
      if (isRepair) await packs.remove(space, pack);
      const detail = 'no row names it: an upload or a copy was cut off';
      const found = { space, pack, detail, isLoss: false, isRepaired: isRepair };
      findings.push({ ...found, kind: 'pack-stray' });
    }
  }
}
