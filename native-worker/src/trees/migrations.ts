/**
 * The schema of the engine's database, as numbered steps. A step that shipped never changes; a new one
 * is added below it and tested from a database of the version before.
 */

const VERSION_1 = `
CREATE TABLE pair (
  id TEXT PRIMARY KEY,
  space TEXT NOT NULL,
  remote_root TEXT NOT NULL,
  mode TEXT NOT NULL,
  local_path TEXT NOT NULL UNIQUE,
  root_local_id INTEGER NOT NULL,
  root_ino INTEGER NOT NULL,
  root_birth_ns INTEGER NOT NULL,
  caps TEXT NOT NULL,
  ignores TEXT NOT NULL,
  cursor_seq INTEGER NOT NULL,
  scan_gen INTEGER NOT NULL,
  state TEXT NOT NULL,
  paused_until_ms INTEGER,
  last_synced_at_ms INTEGER,
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE remote_node (
  pair TEXT NOT NULL,
  node_id TEXT NOT NULL,
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  kind TEXT NOT NULL,
  rev INTEGER NOT NULL,
  content_id TEXT,
  size INTEGER NOT NULL,
  sha256 TEXT,
  mtime_ms INTEGER,
  exec INTEGER NOT NULL,
  target TEXT,
  copy_of TEXT,
  device TEXT NOT NULL,
  changed_at_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (pair, node_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX remote_slot ON remote_node (pair, parent, name_key);
CREATE INDEX remote_copy ON remote_node (pair, copy_of) WHERE copy_of IS NOT NULL;
CREATE INDEX remote_hash ON remote_node (pair, sha256, size) WHERE sha256 IS NOT NULL;

CREATE TABLE local_node (
  local_id INTEGER PRIMARY KEY AUTOINCREMENT,
  pair TEXT NOT NULL,
  parent INTEGER NOT NULL,
  name BLOB NOT NULL,
  name_key TEXT NOT NULL,
  kind TEXT NOT NULL,
  ino INTEGER NOT NULL,
  birth_ns INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  mode INTEGER NOT NULL,
  exec INTEGER NOT NULL,
  sha256 TEXT,
  target TEXT,
  copy_of TEXT,
  scan_gen INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT;
CREATE INDEX local_slot ON local_node (pair, parent, name_key);
CREATE INDEX local_ino ON local_node (pair, ino);
CREATE INDEX local_hash ON local_node (pair, sha256, size) WHERE sha256 IS NOT NULL;

CREATE TABLE base_node (
  pair TEXT NOT NULL,
  node_id TEXT NOT NULL,
  local_id INTEGER NOT NULL,
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  local_name BLOB NOT NULL,
  kind TEXT NOT NULL,
  rev INTEGER NOT NULL,
  content_id TEXT,
  size INTEGER NOT NULL,
  sha256 TEXT,
  mtime_ms INTEGER,
  local_mtime_ns INTEGER NOT NULL,
  exec INTEGER NOT NULL,
  target TEXT,
  PRIMARY KEY (pair, node_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX base_local ON base_node (pair, local_id);
CREATE INDEX base_slot ON base_node (pair, parent, name_key);

CREATE TABLE space (
  id TEXT PRIMARY KEY,
  era INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  head TEXT NOT NULL,
  auth TEXT NOT NULL,
  root TEXT NOT NULL,
  edge TEXT NOT NULL,
  header BLOB NOT NULL,
  signature BLOB NOT NULL
) STRICT;
CREATE TABLE record (
  space TEXT NOT NULL,
  key BLOB NOT NULL,
  bytes BLOB NOT NULL,
  node TEXT,
  parent TEXT,
  tag TEXT,
  PRIMARY KEY (space, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_node ON record (space, node) WHERE node IS NOT NULL;
CREATE INDEX record_tag ON record (space, parent, tag) WHERE tag IS NOT NULL;
CREATE TABLE state_node (
  space TEXT NOT NULL,
  position TEXT NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (space, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE node_key (
  space TEXT NOT NULL,
  node TEXT NOT NULL,
  kr INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (space, node, kr)
) STRICT, WITHOUT ROWID;
CREATE TABLE chain_entry (
  account TEXT NOT NULL,
  seq INTEGER NOT NULL,
  entry BLOB NOT NULL,
  PRIMARY KEY (account, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE intent (
  op_id TEXT PRIMARY KEY,
  pair TEXT NOT NULL,
  kind TEXT NOT NULL,
  node_id TEXT,
  local_id INTEGER,
  from_path TEXT NOT NULL,
  to_path TEXT NOT NULL,
  staged_path TEXT,
  detail TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE transfer (
  op_id TEXT PRIMARY KEY,
  pair TEXT NOT NULL,
  node_id TEXT,
  kind TEXT NOT NULL,
  progress TEXT NOT NULL
) STRICT;
CREATE TABLE hold (
  batch TEXT PRIMARY KEY,
  pair TEXT NOT NULL,
  side TEXT NOT NULL,
  count INTEGER NOT NULL,
  of INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  decision TEXT NOT NULL
) STRICT;
CREATE TABLE hold_item (
  batch TEXT NOT NULL,
  node_id TEXT NOT NULL,
  PRIMARY KEY (batch, node_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE stall (
  id INTEGER PRIMARY KEY,
  pair TEXT NOT NULL,
  reason TEXT NOT NULL,
  node_id TEXT,
  local_id INTEGER,
  path TEXT NOT NULL,
  source TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  next_at_ms INTEGER,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX stall_pair ON stall (pair, node_id, local_id);
CREATE TABLE exclusion (
  pair TEXT NOT NULL,
  node_id TEXT NOT NULL,
  PRIMARY KEY (pair, node_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE dirty_remote (
  pair TEXT NOT NULL,
  node_id TEXT NOT NULL,
  mark INTEGER NOT NULL,
  PRIMARY KEY (pair, node_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE dirty_local (
  pair TEXT NOT NULL,
  local_id INTEGER NOT NULL,
  mark INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (pair, local_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE recycled (
  id INTEGER PRIMARY KEY,
  pair TEXT NOT NULL,
  node_id TEXT,
  path TEXT NOT NULL,
  stored TEXT NOT NULL,
  kind TEXT NOT NULL,
  sha256 TEXT,
  size INTEGER NOT NULL,
  batch TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX recycled_age ON recycled (pair, at_ms);
CREATE TABLE activity (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  pair TEXT NOT NULL,
  op TEXT NOT NULL,
  node_id TEXT,
  before_path TEXT,
  after_path TEXT,
  bytes INTEGER
) STRICT;
`;

/** The boot of the system in which everything was hashed that the power cut before it may have changed. */
const VERSION_2 = 'ALTER TABLE pair ADD COLUMN boot TEXT';

/** The device whose keys seal what rests here: one that signed in later cannot open it. */
const VERSION_3 = 'CREATE TABLE owner (device TEXT PRIMARY KEY) STRICT';

/** Rows whose entry has another name than the node: few, and looked for whenever a pair is at rest. */
const VERSION_4 = `CREATE INDEX base_renamed ON base_node (pair, node_id)
  WHERE CAST(local_name AS TEXT) <> name`;

/** The folders of a pair: looked at whenever an entry is nowhere, among many times as many files. */
const VERSION_5 = "CREATE INDEX local_folder ON local_node (pair) WHERE kind = 'folder'";

/** Rows, as a JSON list, whose names a power cut took, until all of them were judged. */
const VERSION_6 = "ALTER TABLE pair ADD COLUMN nameless TEXT NOT NULL DEFAULT '[]'";

/** What is dirty is read in the order of its marks, a part at a time. */
const VERSION_7 = `CREATE INDEX dirty_remote_mark ON dirty_remote (pair, mark);
  CREATE INDEX dirty_local_mark ON dirty_local (pair, mark)`;

/** Where a trashed node was: a move to there is no reason to keep its entry. */
const VERSION_8 = `ALTER TABLE remote_node ADD COLUMN from_parent TEXT;
  ALTER TABLE remote_node ADD COLUMN from_name TEXT`;

/** Step n brings a database from `user_version` n to n + 1. */
export const MIGRATIONS: readonly string[] = [
  VERSION_1,
  VERSION_2,
  VERSION_3,
  VERSION_4,
  VERSION_5,
  VERSION_6,
  VERSION_7,
  VERSION_8,
];
