import type Database from 'better-sqlite3';
import type { AccountId, Bytes, DeviceId } from '@coffer/protocol/core';
import type { SessionStore } from '../metadata-store.ts';
import { toBlob, toHex } from './rows.ts';
import type { WriteQueue } from './write-queue.ts';

export function createSessionStore(database: Database.Database, queue: WriteQueue): SessionStore {
  const insert = database.prepare(
    'INSERT INTO sessions (token_digest, account, device, expires_at, proof) VALUES (?, ?, ?, ?, ?)',
  );
  const deleteEnded = database.prepare('DELETE FROM sessions WHERE expires_at <= ?');
  const see = database.prepare(
    `UPDATE devices SET last_seen_at = ?
     WHERE account_no = (SELECT account_no FROM accounts WHERE id = ?) AND id = ?`,
  );
  const get = database.prepare<
    [Bytes],
    { account: Bytes; device: Bytes | null; expires_at: number; proof: 'recovery' | null }
  >('SELECT account, device, expires_at, proof FROM sessions WHERE token_digest = ?');
  const remove = database.prepare('DELETE FROM sessions WHERE token_digest = ?');

  return {
    createSession: ({ tokenDigest, account, device, expiresAt, proof }, now) =>
      queue.run(() => {
        deleteEnded.run(now);
        const deviceBlob = device && toBlob(device);
        insert.run(toBlob(tokenDigest), toBlob(account), deviceBlob, expiresAt, proof ?? null);
        if (device) see.run(now, toBlob(account), toBlob(device));
      }),
    getSession: async (tokenDigest) => {
      const row = get.get(toBlob(tokenDigest));
      return (
        row && {
          tokenDigest,
          account: toHex(row.account) as AccountId,
          device: row.device && (toHex(row.device) as DeviceId),
          expiresAt: row.expires_at,
          ...(row.proof === null ? {} : { proof: row.proof }),
        }
      );
    },
    deleteSession: (tokenDigest) => queue.run(() => void remove.run(toBlob(tokenDigest))),
  };
}
