import { ACCOUNT_LIFE } from './migrations-account-life.ts';
import { SMALL_PACKS } from './migrations-small-packs.ts';

/**
 * The schema, as numbered steps: `user_version` says how many were taken. A step that was released
 * is never edited; a change is a new step. Ids and digests are blobs of 16 and 32 bytes, times are
 * Unix milliseconds. `space_no` stands for the space id in rows of which there are many.
 */
const FIRST = `
CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('era', 0), ('cursor', 0);

CREATE TABLE accounts (
  account_no INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  name TEXT NOT NULL UNIQUE,
  auth_suite INTEGER NOT NULL,
  password_record TEXT NOT NULL,
  bundle BLOB NOT NULL,
  bundle_digest BLOB NOT NULL CHECK (length(bundle_digest) = 32),
  total_bytes INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE chain_entries (
  account_no INTEGER NOT NULL REFERENCES accounts,
  seq INTEGER NOT NULL,
  entry BLOB NOT NULL,
  UNIQUE (account_no, seq)
) STRICT;

CREATE TABLE devices (
  account_no INTEGER NOT NULL REFERENCES accounts,
  id BLOB NOT NULL CHECK (length(id) = 16),
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER,
  UNIQUE (account_no, id)
) STRICT;

CREATE TABLE sessions (
  token_digest BLOB NOT NULL PRIMARY KEY CHECK (length(token_digest) = 32),
  account BLOB NOT NULL,
  device BLOB,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE spaces (
  space_no INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  kind TEXT NOT NULL,
  owner BLOB NOT NULL,
  used_bytes INTEGER NOT NULL DEFAULT 0 CHECK (used_bytes >= 0),
  transfer_used_bytes INTEGER NOT NULL DEFAULT 0,
  moved_cursor INTEGER NOT NULL,
  head_seq INTEGER NOT NULL,
  head_id BLOB NOT NULL,
  head_auth BLOB NOT NULL,
  head_root BLOB NOT NULL,
  head_edge BLOB NOT NULL
) STRICT;
CREATE INDEX spaces_by_owner ON spaces (owner);

CREATE TABLE members (
  account BLOB NOT NULL CHECK (length(account) = 16),
  space_no INTEGER NOT NULL REFERENCES spaces,
  role TEXT NOT NULL,
  PRIMARY KEY (account, space_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_space ON members (space_no);

CREATE TABLE commits (
  space_no INTEGER NOT NULL REFERENCES spaces,
  seq INTEGER NOT NULL,
  id BLOB NOT NULL CHECK (length(id) = 32),
  header BLOB NOT NULL,
  signature BLOB NOT NULL,
  body BLOB,
  UNIQUE (space_no, seq)
) STRICT;

CREATE TABLE records (
  space_no INTEGER NOT NULL,
  key BLOB NOT NULL CHECK (length(key) = 32),
  record BLOB NOT NULL,
  node BLOB,
  parent BLOB,
  tag BLOB,
  PRIMARY KEY (space_no, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX records_by_node ON records (space_no, node) WHERE node IS NOT NULL;
CREATE UNIQUE INDEX records_by_tag ON records (space_no, parent, tag) WHERE tag IS NOT NULL;

CREATE TABLE tree_nodes (
  space_no INTEGER NOT NULL,
  position TEXT NOT NULL,
  node BLOB NOT NULL,
  PRIMARY KEY (space_no, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE packs (
  pack_no INTEGER PRIMARY KEY,
  space_no INTEGER NOT NULL REFERENCES spaces,
  uid TEXT NOT NULL UNIQUE,
  size_bytes INTEGER NOT NULL
) STRICT;

-- counted: in used_bytes of the space, as long as it is referenced or leased.
CREATE TABLE bodies (
  space_no INTEGER NOT NULL,
  id BLOB NOT NULL CHECK (length(id) = 32),
  pack_no INTEGER NOT NULL REFERENCES packs,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL CHECK (length > 0),
  refs INTEGER NOT NULL DEFAULT 0 CHECK (refs >= 0),
  lease_until INTEGER NOT NULL,
  counted INTEGER NOT NULL CHECK (counted IN (0, 1)),
  PRIMARY KEY (space_no, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bodies_by_lease ON bodies (lease_until) WHERE refs = 0 AND counted = 1;

-- What the server can read of a page: n × (chunk id ‖ u32be stored length).
CREATE TABLE page_entries (
  space_no INTEGER NOT NULL,
  id BLOB NOT NULL CHECK (length(id) = 32),
  entries BLOB NOT NULL,
  UNIQUE (space_no, id)
) STRICT;
`;

/**
 * For collection, compaction and scrub. A body without references was needed until `lease_until`: its
 * last reference sets that too. `damaged`: its bytes are not what its id says; who sends it again heals
 * it. `dead_since`: no body is in the pack any more.
 */
const COLLECTION = `
UPDATE bodies SET lease_until = max(lease_until, unixepoch() * 1000) WHERE refs = 0;
ALTER TABLE bodies ADD COLUMN damaged INTEGER NOT NULL DEFAULT 0 CHECK (damaged IN (0, 1));
CREATE INDEX bodies_by_pack ON bodies (pack_no);
CREATE INDEX bodies_unneeded ON bodies (lease_until) WHERE refs = 0 AND counted = 0;

ALTER TABLE packs ADD COLUMN live_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE packs SET live_bytes =
  (SELECT coalesce(sum(length), 0) FROM bodies WHERE bodies.pack_no = packs.pack_no);
ALTER TABLE packs ADD COLUMN dead_since INTEGER;
UPDATE packs SET dead_since = unixepoch() * 1000 WHERE live_bytes = 0;
ALTER TABLE packs ADD COLUMN scrubbed_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX packs_sparse ON packs (pack_no) WHERE dead_since IS NULL AND live_bytes * 2 < size_bytes;
CREATE INDEX packs_dead ON packs (dead_since) WHERE dead_since IS NOT NULL;
CREATE INDEX packs_by_scrub ON packs (scrubbed_at) WHERE dead_since IS NULL;

-- Packs in the pack store that no row named when they were first seen so.
CREATE TABLE stray_packs (
  uid TEXT NOT NULL PRIMARY KEY,
  space TEXT NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- While one has not ended, no pack is removed: a backup copies them.
CREATE TABLE holds (
  name TEXT NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE job_runs (
  name TEXT NOT NULL PRIMARY KEY,
  next_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT, WITHOUT ROWID;
`;

export const MIGRATIONS: readonly string[] = [FIRST, COLLECTION, ACCOUNT_LIFE, SMALL_PACKS];
