/** The limits of protocol §10. Units are in the names; `MIN` and `MAX` are inclusive. */
const KIB = 1024;
const MIB = 1024 * KIB;

export const RECORD_SIZE_BYTES_MAX = 64 * KIB;
export const NAME_SIZE_BYTES_MAX = 1024;
export const LINK_TARGET_SIZE_BYTES_MAX = 4096;
export const REWRAPPED_CHILDREN_MAX = 5000;
export const FILE_SIZE_BYTES_MAX = 1024 * 1024 * MIB;
export const FILE_PAGES_MAX = 1700;
export const CHUNKS_PER_PACK_MAX = 4096;
export const PACK_SIZE_BYTES_MAX = 16 * MIB;
export const PROOF_SIZE_BYTES_MAX = 16 * MIB;
export const FILE_VERSIONS_MAX = 1000;
export const COMMIT_CHANGES_MAX = 10_000;
export const COMMIT_BODY_SIZE_BYTES_MAX = 16 * MIB;
export const COMMIT_NOTE_SIZE_BYTES_MAX = 4 * KIB;
export const TREE_DEPTH_MAX = 128;
export const SPACE_MEMBERS_MAX = 500;
export const ACCOUNT_DEVICES_MAX = 64;
export const KEY_CHAIN_ENTRIES_MAX = 4096;
export const IDS_PER_REQUEST_MAX = 4096;

export const CHUNK_SIZE_BYTES_MIN = 256 * KIB;
export const CHUNK_SIZE_BYTES_TARGET = MIB;
export const CHUNK_SIZE_BYTES_MAX = 4 * MIB;
/** Header, commitment and tag around the padded plaintext of a chunk. */
export const CHUNK_OVERHEAD_BYTES = 52;
export const CHUNK_STORED_SIZE_BYTES_MAX = CHUNK_SIZE_BYTES_MAX + CHUNK_OVERHEAD_BYTES;
/** Files up to this size are one chunk. */
export const SINGLE_CHUNK_SIZE_BYTES_MAX = MIB;

export const CBOR_DEPTH_MAX = 8;
/** Items of one decoded value, arrays included: several times what the largest structure has. */
export const CBOR_ITEMS_MAX = 1 << 18;
/** Protocol version: the only one there is. */
export const PROTOCOL_VERSION = 1;
