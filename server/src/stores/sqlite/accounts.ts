import type Database from 'better-sqlite3';
import type { AccountId, Bytes, DeviceId } from '@coffer/protocol/core';
import type { Account, AccountStore } from '../metadata-store.ts';
import { toBlob, toHex } from './rows.ts';
import type { SpaceWrites } from './space-writes.ts';
import { Undo, type WriteQueue } from './write-queue.ts';

interface AccountRow {
  readonly id: Bytes;
  readonly name: string;
  readonly auth_suite: number;
  readonly password_record: string;
  readonly bundle: Bytes;
}

function accountOfRow(row: AccountRow | undefined): Account | undefined {
  return (
    row && {
      id: toHex(row.id) as AccountId,
      name: row.name,
      authSuite: row.auth_suite,
      passwordRecord: row.password_record,
      bundle: row.bundle,
    }
  );
}

export function createAccountStore(
  database: Database.Database,
  queue: WriteQueue,
  spaces: SpaceWrites,
): Omit<AccountStore, 'replaceKeys' | 'deleteAccount'> {
  const s = prepareAccounts(database);

  return {
    countAccounts: async () => s.count.get() ?? 0,
    getAccount: async (id) => accountOfRow(s.byId.get(toBlob(id))),
    findAccountByName: async (name) => accountOfRow(s.byName.get(name)),

    createAccount: (account, bundleDigest) =>
      queue.run(() => {
        if (s.byId.get(toBlob(account.id))) return 'account-exists';
        if (s.byName.get(account.name)) return 'name-taken';
        const { lastInsertRowid } = s.insert.run(
          toBlob(account.id),
          account.name,
          account.authSuite,
          account.passwordRecord,
          account.bundle,
          toBlob(bundleDigest),
          account.totalBytes,
          account.now,
        );
        account.chain.forEach((entry, seq) => s.insertEntry.run(lastInsertRowid, seq, entry));
        s.insertDevice.run(lastInsertRowid, toBlob(account.device), account.now);
        for (const space of account.spaces) spaces.create(space);
        return 'created';
      }),

    addDevice: (device) =>
      queue.run(() => {
        const row = s.keysOf.get(toBlob(device.account));
        if (row === undefined) throw new Error('a device is added to an account that is there');
        if (row.chain_length !== device.chainSeq) return 'chain-moved';
        const { changes } = s.swapBundle.run(
          device.bundle,
          toBlob(device.bundleDigest),
          row.account_no,
          toBlob(device.previous),
        );
        if (changes === 0) throw new Undo('bundle-moved');
        s.insertEntry.run(row.account_no, device.chainSeq, device.entry);
        s.insertDevice.run(row.account_no, toBlob(device.device), device.now);
        return 'added';
      }),

    getChain: async (account, from) => s.chain.all(toBlob(account), from),

    listDevices: async (account) =>
      s.devices.all(toBlob(account)).map(({ id, createdAt, lastSeenAt }) => ({
        id: toHex(id) as DeviceId,
        createdAt,
        lastSeenAt,
      })),
  };
}

function prepareAccounts(database: Database.Database) {
  const columns = 'id, name, auth_suite, password_record, bundle';
  return {
    count: database.prepare<[], number>('SELECT count(*) FROM accounts').pluck(),
    byId: database.prepare<[Bytes], AccountRow>(`SELECT ${columns} FROM accounts WHERE id = ?`),
    byName: database.prepare<[string], AccountRow>(
      `SELECT ${columns} FROM accounts WHERE name = ?`,
    ),
    insert: database.prepare(
      `INSERT INTO accounts
         (id, name, auth_suite, password_record, bundle, bundle_digest, total_bytes, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertEntry: database.prepare(
      'INSERT INTO chain_entries (account_no, seq, entry) VALUES (?, ?, ?)',
    ),
    insertDevice: database.prepare(
      'INSERT INTO devices (account_no, id, created_at) VALUES (?, ?, ?)',
    ),
    keysOf: database.prepare<[Bytes], { account_no: number; chain_length: number }>(
      `SELECT account_no, (SELECT count(*) FROM chain_entries WHERE account_no = a.account_no)
         AS chain_length FROM accounts a WHERE id = ?`,
    ),
    swapBundle: database.prepare(
      'UPDATE accounts SET bundle = ?, bundle_digest = ? WHERE account_no = ? AND bundle_digest = ?',
    ),
    chain: database
      .prepare<[Bytes, number], Bytes>(
        `SELECT entry FROM chain_entries JOIN accounts USING (account_no)
         WHERE accounts.id = ? AND seq >= ? ORDER BY seq`,
      )
      .pluck(),
    devices: database.prepare<[Bytes], { id: Bytes; createdAt: number; lastSeenAt: number | null }>(
      `SELECT devices.id, devices.created_at AS createdAt, last_seen_at AS lastSeenAt
       FROM devices JOIN accounts USING (account_no) WHERE accounts.id = ? ORDER BY devices.id`,
    ),
  };
}
