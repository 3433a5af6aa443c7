/**
 * Second factors and tokens of a recovery. The secret of a second factor is no row: it follows from
 * `nonce` and the set-up secret of the server. `proof`: what a token without a device was given for;
 * null is a password.
 */
export const ACCOUNT_LIFE = `
CREATE TABLE second_factors (
  account_no INTEGER PRIMARY KEY REFERENCES accounts,
  nonce BLOB NOT NULL CHECK (length(nonce) = 16),
  confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
  last_step INTEGER NOT NULL
) STRICT;

CREATE TABLE backup_codes (
  account_no INTEGER NOT NULL REFERENCES accounts,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  PRIMARY KEY (account_no, digest)
) STRICT, WITHOUT ROWID;

ALTER TABLE sessions ADD COLUMN proof TEXT CHECK (proof IN ('recovery'));
CREATE INDEX sessions_by_account ON sessions (account);
`;
