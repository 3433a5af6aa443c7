/** Keys of an account replaced as a whole, and the end of an account: one transaction each. */
import type Database from 'better-sqlite3';
import type { AccountId, Bytes, Digest } from '@coffer/protocol/core';
import type { AccountStore, KeysOutcome, NewKeys } from '../metadata-store.ts';
import { toBlob, toHex } from './rows.ts';
import { Undo, type WriteQueue } from './write-queue.ts';

export function createAccountKeyStore(
  database: Database.Database,
  queue: WriteQueue,
): Pick<AccountStore, 'replaceKeys' | 'deleteAccount'> {
  const s = prepareKeys(database);
  const end = prepareEnd(database);

  return {
    replaceKeys: (keys) =>
      queue.run((): KeysOutcome => {
        const row = s.keysOf.get(toBlob(keys.account));
        if (row === undefined) throw new Error('keys are replaced in an account that is there');
        if (row.chain_length !== keys.chainLength) return { kind: 'chain-moved' };
        const { changes } = s.swapBundle.run(
          keys.bundle,
          toBlob(keys.bundleDigest),
          keys.passwordRecord ?? null,
          row.account_no,
          toBlob(keys.previous),
        );
        if (changes === 0) throw new Undo<KeysOutcome>({ kind: 'bundle-moved' });
        keys.entries.forEach((entry, i) =>
          s.insertEntry.run(row.account_no, keys.chainLength + i, entry),
        );
        for (const device of keys.added)
          s.insertDevice.run(row.account_no, toBlob(device), keys.now);
        if (keys.endsSecondFactor) {
          s.deleteBackupCodes.run(row.account_no);
          s.deleteSecondFactor.run(row.account_no);
        }
        return { kind: 'replaced', ended: endTokens(s, keys) };
      }),

    deleteAccount: (account, now) =>
      queue.run(() => {
        const id = toBlob(account);
        const ended = end.tokens.all(id).map((digest) => toHex(digest) as Digest);
        for (const spaceNo of end.spacesOf.all(id)) {
          end.unreference.run(now, spaceNo);
          end.emptySpace.run(spaceNo);
          for (const statement of end.rowsOfSpace) statement.run(spaceNo);
          end.deleteEmpty.run(spaceNo, spaceNo);
        }
        for (const statement of end.rowsOfAccount) statement.run(id);
        return ended;
      }),
  };
}

function endTokens(s: ReturnType<typeof prepareKeys>, keys: NewKeys): readonly Digest[] {
  const account: AccountId = keys.account;
  const ended = s.endEnrolments.all(toBlob(account), toBlob(keys.token));
  for (const device of keys.revoked)
    ended.push(...s.endSessions.all(toBlob(account), toBlob(device)));
  return ended.map((digest) => toHex(digest) as Digest);
}

function prepareKeys(database: Database.Database) {
  return {
    keysOf: database.prepare<[Bytes], { account_no: number; chain_length: number }>(
      `SELECT account_no, (SELECT count(*) FROM chain_entries WHERE account_no = a.account_no)
         AS chain_length FROM accounts a WHERE id = ?`,
    ),
    swapBundle: database.prepare(
      `UPDATE accounts SET bundle = ?, bundle_digest = ?,
         password_record = coalesce(?, password_record)
       WHERE account_no = ? AND bundle_digest = ?`,
    ),
    insertEntry: database.prepare(
      'INSERT INTO chain_entries (account_no, seq, entry) VALUES (?, ?, ?)',
    ),
    insertDevice: database.prepare(
      'INSERT INTO devices (account_no, id, created_at) VALUES (?, ?, ?)',
    ),
    deleteBackupCodes: database.prepare('DELETE FROM backup_codes WHERE account_no = ?'),
    deleteSecondFactor: database.prepare('DELETE FROM second_factors WHERE account_no = ?'),
    endEnrolments: database
      .prepare<[Bytes, Bytes], Bytes>(
        `DELETE FROM sessions WHERE account = ? AND device IS NULL AND token_digest <> ?
         RETURNING token_digest`,
      )
      .pluck(),
    endSessions: database
      .prepare<[Bytes, Bytes], Bytes>(
        'DELETE FROM sessions WHERE account = ? AND device = ? RETURNING token_digest',
      )
      .pluck(),
  };
}

/**
 * The row of a space stays as long as packs name it: whoever collects them may remove it. Entries of
 * pages stay with their bodies: they say that these are pages, which a scrub hashes in another way.
 */
function prepareEnd(database: Database.Database) {
  const ofSpace = ['members', 'commits', 'records', 'tree_nodes'];
  const ofAccount = ['backup_codes', 'second_factors', 'devices', 'chain_entries'];
  return {
    tokens: database
      .prepare<[Bytes], Bytes>('SELECT token_digest FROM sessions WHERE account = ?')
      .pluck(),
    spacesOf: database
      .prepare<[Bytes], number>('SELECT space_no FROM spaces WHERE owner = ?')
      .pluck(),
    unreference: database.prepare(
      'UPDATE bodies SET refs = 0, counted = 0, lease_until = ? WHERE space_no = ?',
    ),
    emptySpace: database.prepare('UPDATE spaces SET used_bytes = 0 WHERE space_no = ?'),
    deleteEmpty: database.prepare(
      `DELETE FROM spaces WHERE space_no = ?
         AND NOT EXISTS (SELECT 1 FROM packs WHERE space_no = ?)`,
    ),
    rowsOfSpace: ofSpace.map((table) =>
      database.prepare<[number]>(`DELETE FROM ${table} WHERE space_no = ?`),
    ),
    rowsOfAccount: [
      'DELETE FROM sessions WHERE account = ?',
      ...ofAccount.map(
        (table) =>
          `DELETE FROM ${table} WHERE account_no = (SELECT account_no FROM accounts WHERE id = ?)`,
      ),
      'DELETE FROM accounts WHERE id = ?',
    ].map((sql) => database.prepare<[Bytes]>(sql)),
  };
}
