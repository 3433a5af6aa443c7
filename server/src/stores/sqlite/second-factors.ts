import type Database from 'better-sqlite3';
import type { AccountId, Bytes } from '@coffer/protocol/core';
import type { SecondFactorStore } from '../metadata-store.ts';
import { toBlob } from './rows.ts';
import type { WriteQueue } from './write-queue.ts';

interface Row {
  readonly account_no: number;
  readonly nonce: Bytes;
  readonly confirmed: 0 | 1;
  readonly backup_codes: number;
}

export function createSecondFactorStore(
  database: Database.Database,
  queue: WriteQueue,
): SecondFactorStore {
  const s = prepareSecondFactors(database);
  const find = (account: AccountId): Row | undefined => s.get.get(toBlob(account));

  return {
    getSecondFactor: async (account) => {
      const row = find(account);
      if (row === undefined) return undefined;
      const { nonce, confirmed, backup_codes: backupCodesLeft } = row;
      return { nonce, isConfirmed: confirmed === 1, backupCodesLeft };
    },
    startSecondFactor: (account, nonce) =>
      queue.run(() => {
        if (find(account)?.confirmed === 1) return 'on';
        s.start.run(nonce, toBlob(account));
        return 'started';
      }),
    confirmSecondFactor: (account, { step, backupCodes }) =>
      queue.run(() => {
        const row = find(account);
        if (row === undefined) return 'refused';
        const has = (code: string): boolean =>
          s.hasCode.get(row.account_no, toBlob(code)) !== undefined;
        if (row.confirmed === 1) return backupCodes.every(has) ? 'known' : 'refused';
        s.confirm.run(step, row.account_no);
        for (const code of new Set(backupCodes)) s.addCode.run(row.account_no, toBlob(code));
        return 'confirmed';
      }),
    useSecondFactorStep: (account, step) =>
      queue.run(() => s.useStep.run(step, toBlob(account), step).changes === 1),
    useBackupCode: (account, code) =>
      queue.run(() => s.useCode.run(toBlob(account), toBlob(code)).changes === 1),
    deleteSecondFactor: (account) =>
      queue.run(() => {
        s.deleteCodes.run(toBlob(account));
        s.remove.run(toBlob(account));
      }),
  };
}

const NUMBER = '(SELECT account_no FROM accounts WHERE id = ?)';

function prepareSecondFactors(database: Database.Database) {
  return {
    get: database.prepare<[Bytes], Row>(
      `SELECT account_no, nonce, confirmed,
         (SELECT count(*) FROM backup_codes WHERE account_no = f.account_no) AS backup_codes
       FROM second_factors f WHERE account_no = ${NUMBER}`,
    ),
    start: database.prepare(
      `INSERT OR REPLACE INTO second_factors (account_no, nonce, confirmed, last_step)
       SELECT account_no, ?, 0, 0 FROM accounts WHERE id = ?`,
    ),
    confirm: database.prepare(
      'UPDATE second_factors SET confirmed = 1, last_step = ? WHERE account_no = ?',
    ),
    hasCode: database.prepare<[number, Bytes]>(
      'SELECT 1 FROM backup_codes WHERE account_no = ? AND digest = ?',
    ),
    addCode: database.prepare('INSERT INTO backup_codes (account_no, digest) VALUES (?, ?)'),
    useStep: database.prepare(
      `UPDATE second_factors SET last_step = ?
       WHERE account_no = ${NUMBER} AND confirmed = 1 AND last_step < ?`,
    ),
    useCode: database.prepare(
      `DELETE FROM backup_codes WHERE account_no = ${NUMBER} AND digest = ?`,
    ),
    deleteCodes: database.prepare(`DELETE FROM backup_codes WHERE account_no = ${NUMBER}`),
    remove: database.prepare(`DELETE FROM second_factors WHERE account_no = ${NUMBER}`),
  };
}
