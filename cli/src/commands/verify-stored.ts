/** Whether the records that this computer keeps are what devices of the account signed. */
import { storeDamage } from '@coffer/native-worker/fault';
import { IntegrityError } from '@coffer/protocol/core';
import type { Drive, StoredProof } from '@coffer/sdk';
import { RemoteFault } from '@coffer/sdk/faults';
import type { CommandContext } from '../context.ts';
import { CliFailure, EXIT, exitCodeOf, toFailure } from '../failure.ts';
import { count } from '../output.ts';
import type { ProgressLine } from '../progress.ts';
import { everyNode, type Mismatch } from './verify-contents.ts';

export interface Stored {
  readonly records: number;
  readonly seq: number;
  readonly accountRecords: number;
  readonly mismatches: readonly Mismatch[];
  /** False when a whole space is not what was signed: then it is no measure for anything else. */
  readonly isSound: boolean;
}

/**
 * With what is new on the server, if it can be reached; without `needsServer` nothing else needs it.
 * What the server sends may be refused because of what is stored here: that is looked at first then.
 */
export async function proveNewest(
  context: CommandContext,
  needsServer: boolean,
  line: ProgressLine,
): Promise<{ readonly drive: Drive; readonly stored: Stored }> {
  const drive = await context.drive();
  try {
    await drive.refresh(context.signal);
  } catch (error) {
    const isRefused = error instanceof IntegrityError || storeDamage(error) !== undefined;
    if (isRefused) {
      const stored = await proveStored(context, drive, line);
      if (!stored.isSound) return { drive, stored };
    }
    const isAway = error instanceof RemoteFault && exitCodeOf(toFailure(error)) === EXIT.network;
    if (!isAway || needsServer) throw error;
    context.output.note('The server cannot be reached: checked is what was synced last.');
  }
  return { drive, stored: await proveStored(context, drive, line) };
}

async function proveStored(
  { signal }: CommandContext,
  drive: Drive,
  line: ProgressLine,
): Promise<Stored> {
  const tell = (records: number): void => line.show(() => `Proving: ${count(records, 'record')}`);
  const account = await drive.proveAccount(signal, tell);
  const proof = await drive.space.proveStored(signal, tell);
  const broken = [...brokenAs('account:', account), ...brokenAs('/', proof)];
  const isSound = broken.length === 0;
  const unreadable = account.unreadable.map((id) => ({ ...UNREADABLE, path: `account:/${id}` }));
  return {
    records: proof.records,
    seq: proof.seq,
    accountRecords: account.records,
    mismatches: isSound ? [...unreadable, ...(await unreadableNodes(drive, signal, line))] : broken,
    isSound,
  };
}

/** Of a whole space; `cause`: what met a record that is none. */
export function damagedStore(context: CommandContext, cause?: unknown): CliFailure {
  return new CliFailure(
    'integrity',
    'what this computer keeps of the drive is damaged: its records are not those that were signed',
    REBUILD,
    { path: context.profile.databaseFile, ...(cause === undefined ? {} : { cause }) },
  );
}

const REBUILD =
  "Your files here and on the server were not touched. 'coffer daemon stop', then move this file away: the next command fetches and proves everything anew, and synced folders stay synced. With the file goes the newest state that was seen here: should the server be behind it, only what devices noted in the account can tell.";

const BROKEN = {
  head: 'the newest state that is stored here is not the one that was pinned',
  signature: 'no device of the account signed the newest state that is stored here',
  state: 'the records that are stored here are not those that were signed',
  tree: 'the index of the records that are stored here is not theirs: what others write would be refused',
} as const;

function brokenAs(path: string, { broken }: StoredProof): readonly Mismatch[] {
  return broken.map((kind) => ({ path, kind, detail: BROKEN[kind] }));
}

const UNREADABLE = {
  kind: 'unreadable',
  detail: 'its record is as it was signed, but no key of this account opens it',
} as const;

async function unreadableNodes(
  drive: Drive,
  signal: AbortSignal,
  line: ProgressLine,
): Promise<readonly Mismatch[]> {
  const found: Mismatch[] = [];
  let opened = 0;
  for await (const { path, node } of everyNode(drive, signal)) {
    opened++;
    line.show(() => `Opening: ${count(opened, 'record')}`);
    if ('unreadable' in node) found.push({ ...UNREADABLE, path });
  }
  return found;
}
