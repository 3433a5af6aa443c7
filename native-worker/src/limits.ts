/** Defaults of the engine (docs: engine design), each with its unit in its name. */
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 * 1024;

/** A slice of synchronous work, so that commands are answered within 100 ms (engine §3). */
export const SLICE_MS = 20;
/** A full scan happens every 24 h, more or less by a fifth. */
export const FULL_SCAN_INTERVAL_MS = DAY_MS;
export const FULL_SCAN_JITTER_SHARE = 0.2;
/** A missing root is looked for this often. */
export const ROOT_RETRY_MS = 10 * SECOND_MS;

/** Times of a finer grain than this differ between any two writes; coarser ones say nothing by being equal. */
export const FINE_TIMES_NS = 1_000_000n;

/** A changed file waits this long after its last event; doubled while it keeps changing. */
export const SETTLE_MS_MIN = 200;
export const SETTLE_MS_MAX = 15 * SECOND_MS;
export const SETTLE_AGAIN_WITHIN_MS = 10 * SECOND_MS;
/** A slot that editors empty for a moment waits before its deletion is planned. */
export const SLOT_GAP_MS = 4 * SECOND_MS;

/** After all folders were asked for changes, nobody asks again for this many times as long. */
export const LOOK_BEHIND_REST_FACTOR = 10;

/** One download barrier: every staged file is durable before the first goes to its place. */
export const BARRIER_FILES_MAX = 256;
export const BARRIER_BYTES_MAX = 64 * MIB;
export const SYNCS_AT_ONCE_MAX = 16;

export const COMMIT_CHANGES_FLUSH = 500;
/** Files that are read, sealed and sent at once: small ones share packs, large ones do not. */
export const SMALL_FILE_BYTES_MAX = MIB;
export const SMALL_UPLOADS_AT_ONCE_MAX = 1024;
export const LARGE_TRANSFERS_AT_ONCE_MAX = 3;
export const READ_BLOCK_BYTES = MIB;

/** Network failures: 1 s doubling to 5 min; local faults: 2 s to 5 min per item. */
export const NETWORK_RETRY_MS_MIN = SECOND_MS;
export const LOCAL_RETRY_MS_MIN = 2 * SECOND_MS;
export const RETRY_MS_MAX = 5 * MINUTE_MS;
/** A download starts only if free space exceeds its size plus the larger of these. */
export const FREE_SPACE_SHARE_MIN = 0.01;
export const FREE_SPACE_BYTES_MIN = 256 * MIB;

export const RECYCLE_KEEP_MS = 30 * DAY_MS;
export const RECYCLE_DISK_SHARE_MAX = 0.1;
/** Relative paths in the recycle area beyond this many bytes get a short name. */
export const RECYCLE_PATH_BYTES_MAX = 1024;

export const HOLD_COUNT_MAX = 500;
export const HOLD_SHARE_MAX = 0.5;
export const HOLD_SHARE_COUNT_MIN = 10;
/** From this many open conflict copies of a node on, further losers become versions of it. */
export const OPEN_COPIES_MAX = 10;
/** Rounds less than this apart belong to one run of deletions. */
export const DELETION_RUN_GAP_MS = 60 * SECOND_MS;
/** A deletion waits until its pair has seen no further one for this long. */
export const DELETION_QUIET_MS = 3 * SECOND_MS;
export const DELETION_WAIT_MS_MAX = 60 * SECOND_MS;

/** What the engine's database keeps in memory: the default of 2 MiB is read again all the time. */
export const PAGE_CACHE_KIB = 32 * 1024;
/**
 * Pages of its log before they are copied into the database: one commit of 500 changes writes some 4,000,
 * many of them pages that the next one writes again. Transactions that have to last are synced as ever.
 */
export const LOG_PAGES_MAX = 8192;
/** Rows of one table of a pair that are kept as objects: about 4 MiB. */
export const CACHED_ROWS_MAX = 8192;
/** Own contents that follow one another within this time make one version (protocol §3). */
export const VERSION_COALESCE_MS = 5 * MINUTE_MS;
/** Dirty nodes of either side that one plan starts from: bounds how long a plan takes, and its objects. */
export const PLAN_NODES_MAX = 2_000;
/** Nodes that are gone and enter a plan besides: they are judged together. */
export const PLAN_GONE_MAX = 20_000;
export const PLAN_ROUNDS_MAX = 200;
export const DEVICE_NAME_CHARACTERS_MAX = 24;

/** How often the remote side is asked when nothing else tells of changes: 4 requests a minute. */
export const REMOTE_POLL_MS = 15 * SECOND_MS;
/** Events to a user interface: at most 10 a second. */
export const EVENT_COALESCE_MS = 100;
export const ACTIVITY_ROWS_MAX = 10_000;
export const HELD_PATHS_SHOWN_MAX = 100;
/** While contents are still being sent, finished changes wait this long for others to join them. */
export const COMMIT_GATHER_MS = 500;
/** A clock that differs more from the server's is told of. */
export const CLOCK_SKEW_MS_MAX = 5 * MINUTE_MS;
/** Small files whose bytes add up to this are sent before more are read. */
export const PACK_FILL_BYTES = 8 * MIB;
/** `sync now` waits at most this long for files that are still being written. */
export const SETTLE_REST_MS_MAX = 60 * SECOND_MS;
/** What was sent stays at the server for this long without a commit (protocol §6). */
export const CONTENT_LEASE_MS = DAY_MS;
/** A file that the quota refused is tried again once there is room for a pack of it. */
export const QUOTA_ROOM_BYTES_MIN = 16 * MIB;
/** A transfer that a person cancelled is tried again after this time. */
export const CANCELLED_TRANSFER_MS = HOUR_MS;
/** Where nothing tells of local changes, everything is looked at this often. */
export const SWEEP_INTERVAL_MS = MINUTE_MS;
