/**
 * Everything the server remembers but the bodies of chunks and pages. Methods say what is meant, not
 * which rows change; each is one transaction, durable when it resolves. `metadataStoreContract` in
 * testing/ is what every implementation has to pass.
 */
import type { BodyId } from '@coffer/protocol/api';
import type { AccountId, Bytes, CommitId, DeviceId, Digest, SpaceId } from '@coffer/protocol/core';
import type { HeadState, Role, SpaceKind, StateView } from '@coffer/protocol/model';
import type { AuditStore } from './audit-store.ts';
import type { CollectionStore } from './collection-store.ts';
import type { CommitOutcome, NewSpace, Proposal } from './proposal.ts';

export interface Account {
  readonly id: AccountId;
  /** In the form of `normalizeName`. */
  readonly name: string;
  /** Which password protocol made `passwordRecord`: 1 is the only one. */
  readonly authSuite: number;
  readonly passwordRecord: string;
  readonly bundle: Bytes;
}

export interface NewAccount extends Account {
  readonly chain: readonly Bytes[];
  readonly device: DeviceId;
  readonly spaces: readonly NewSpace[];
  /** Null: no limit. */
  readonly totalBytes: number | null;
  readonly now: number;
}

export interface NewDevice {
  readonly account: AccountId;
  readonly device: DeviceId;
  /** Seq of `entry`: the number of entries that the chain has to have before. */
  readonly chainSeq: number;
  readonly entry: Bytes;
  /** SHA-256 of the stored bytes that `bundle` replaces. */
  readonly previous: Digest;
  readonly bundle: Bytes;
  readonly bundleDigest: Digest;
  readonly now: number;
}

/** Another bundle, with what it brings: entries, a password record, or both. */
export interface NewKeys {
  readonly account: AccountId;
  /** The number of entries that the chain has to have before `entries`. */
  readonly chainLength: number;
  readonly entries: readonly Bytes[];
  readonly added: readonly DeviceId[];
  readonly revoked: readonly DeviceId[];
  /** SHA-256 of the stored bytes that `bundle` replaces. */
  readonly previous: Digest;
  readonly bundle: Bytes;
  readonly bundleDigest: Digest;
  /** Undefined: the password stays. */
  readonly passwordRecord: string | undefined;
  /** The token that this is done with: the account's other tokens without a device end. */
  readonly token: Digest;
  readonly endsSecondFactor: boolean;
  readonly now: number;
}

export type KeysOutcome =
  | { readonly kind: 'replaced'; readonly ended: readonly Digest[] }
  | { readonly kind: 'bundle-moved' | 'chain-moved' };

export interface DeviceRow {
  readonly id: DeviceId;
  readonly createdAt: number;
  readonly lastSeenAt: number | null;
}

export interface AccountStore {
  readonly countAccounts: () => Promise<number>;
  readonly getAccount: (id: AccountId) => Promise<Account | undefined>;
  readonly findAccountByName: (name: string) => Promise<Account | undefined>;
  /** All of it or nothing: account, chain, device, spaces. `bundleDigest` = SHA-256 of the bundle. */
  readonly createAccount: (
    account: NewAccount,
    bundleDigest: Digest,
  ) => Promise<'created' | 'name-taken' | 'account-exists'>;
  /** Chain entry and bundle at once, if both are where the caller saw them. */
  readonly addDevice: (device: NewDevice) => Promise<'added' | 'bundle-moved' | 'chain-moved'>;
  /** All of it at once, with the end of sessions of revoked devices; answers which tokens ended. */
  readonly replaceKeys: (keys: NewKeys) => Promise<KeysOutcome>;
  /**
   * The account, its chain, devices, tokens and second factor, and the rows of the spaces that it owns.
   * Bodies of these lose their references and wait for collection. Answers which tokens ended.
   */
  readonly deleteAccount: (account: AccountId, now: number) => Promise<readonly Digest[]>;
  /** Entries from `from` upward; empty for an unknown account. */
  readonly getChain: (account: AccountId, from: number) => Promise<readonly Bytes[]>;
  readonly listDevices: (account: AccountId) => Promise<readonly DeviceRow[]>;
}

export interface Session {
  /** SHA-256 of the token: the token itself is nowhere at the server. */
  readonly tokenDigest: Digest;
  readonly account: AccountId;
  /** Null for an enrol token. */
  readonly device: DeviceId | null;
  readonly expiresAt: number;
  /** Of an enrol token: given for the recovery words. A password where it is absent. */
  readonly proof?: 'recovery';
}

export interface SecondFactor {
  /** Its secret follows from this and the server's set-up secret. */
  readonly nonce: Bytes;
  /** Until then it is asked for by nobody. */
  readonly isConfirmed: boolean;
  readonly backupCodesLeft: number;
}

export interface SecondFactorStore {
  readonly getSecondFactor: (account: AccountId) => Promise<SecondFactor | undefined>;
  /** Replaces one that was not confirmed. */
  readonly startSecondFactor: (account: AccountId, nonce: Bytes) => Promise<'started' | 'on'>;
  /** `step` counts as used then. `known`: confirmed before, with these very backup codes. */
  readonly confirmSecondFactor: (
    account: AccountId,
    confirmed: { readonly step: number; readonly backupCodes: readonly Digest[] },
  ) => Promise<'confirmed' | 'known' | 'refused'>;
  /** True once for each step, and never for one before a used one. */
  readonly useSecondFactorStep: (account: AccountId, step: number) => Promise<boolean>;
  /** True once for each backup code. */
  readonly useBackupCode: (account: AccountId, code: Digest) => Promise<boolean>;
  readonly deleteSecondFactor: (account: AccountId) => Promise<void>;
}

export interface SessionStore {
  /** Also notes that the device was seen at `now`, and forgets sessions that had ended by then. */
  readonly createSession: (session: Session, now: number) => Promise<void>;
  readonly getSession: (tokenDigest: Digest) => Promise<Session | undefined>;
  readonly deleteSession: (tokenDigest: Digest) => Promise<void>;
}

export interface StoredHead {
  readonly era: number;
  readonly state: HeadState;
  readonly header: Bytes;
  readonly signature: Bytes;
}

export interface StoredCommit {
  readonly header: Bytes;
  readonly signature: Bytes;
  readonly body: Bytes | null;
}

export interface CommitsPage {
  readonly era: number;
  readonly headSeq: number;
  readonly commits: readonly StoredCommit[];
}

export interface HeadMoved {
  /** Grows with every commit of the whole server. */
  readonly cursor: number;
  readonly space: SpaceId;
  readonly seq: number;
  readonly era: number;
}

export interface SpaceStore {
  readonly listSpaces: (
    account: AccountId,
  ) => Promise<readonly { readonly space: SpaceId; readonly kind: SpaceKind }[]>;
  /** Undefined for a foreign and for an unknown space. */
  readonly getRole: (space: SpaceId, account: AccountId) => Promise<Role | undefined>;
  readonly listMembers: (space: SpaceId) => Promise<readonly AccountId[]>;
  readonly getHead: (space: SpaceId) => Promise<StoredHead | undefined>;
  /** Bodies of at most `sizeBytesMax` beyond the first commit. Undefined for an unknown space. */
  readonly readCommits: (
    space: SpaceId,
    from: number,
    sizeBytesMax: number,
  ) => Promise<CommitsPage | undefined>;
  /** The id of the commit at `seq`. */
  readonly getCommitId: (space: SpaceId, seq: number) => Promise<CommitId | undefined>;
  /** Ids of `count` commits from seq `from` upward, fewer where there are no more. */
  readonly listCommitIds: (
    space: SpaceId,
    from: number,
    count: number,
  ) => Promise<readonly CommitId[]>;
  readonly getCommitHeader: (space: SpaceId, seq: number) => Promise<Bytes | undefined>;
  /** Gives `read` one consistent state, at its head; undefined for an unknown space. */
  readonly readState: <T>(
    space: SpaceId,
    read: (head: HeadState, view: StateView) => T,
  ) => Promise<T | undefined>;
  /** Compares and swaps the head and writes all that the commit changes, or nothing. */
  readonly commit: (proposal: Proposal) => Promise<CommitOutcome>;
  /** Heads of the account's spaces that moved after `cursor`, in that order, each once. */
  readonly movedSince: (account: AccountId, cursor: number) => Promise<readonly HeadMoved[]>;
  readonly newestCursor: () => Promise<number>;
}

export interface BodyPlace {
  /** Name of the pack in the pack store. */
  readonly pack: string;
  readonly offset: number;
  readonly lengthBytes: number;
}

export interface NewBody {
  readonly id: BodyId;
  readonly offset: number;
  readonly lengthBytes: number;
  /** Of a page: its entries, n × (chunk id ‖ u32be stored length). Null for a chunk. */
  readonly pageEntries: Bytes | null;
}

export interface NewPack {
  readonly space: SpaceId;
  readonly pack: string;
  readonly sizeBytes: number;
  readonly bodies: readonly NewBody[];
  /** Known before and not in the pack: leased if they still are there. */
  readonly known: readonly BodyId[];
  /** Of a small pack, which is kept with its row. Null: the pack store has it. */
  readonly bytes: Bytes | null;
  /** Nothing is stored when some of `bodies` are known and whole, and others are not. */
  readonly isAllOrNone: boolean;
  readonly leaseUntil: number;
  readonly now: number;
}

export type PackOutcome =
  | { readonly kind: 'stored'; readonly stored: number; readonly storedBytes: number }
  | { readonly kind: 'quota-exceeded' }
  /** The pack is to be made anew, without what is known. */
  | { readonly kind: 'partly-known' };

export interface Usage {
  readonly usedBytes: number;
  readonly totalBytes: number | null;
  readonly transferUsedBytes: number;
}

export interface ContentStore {
  /** In the order of `ids`; undefined where the space has none that is whole. */
  readonly findBodies: (
    space: SpaceId,
    ids: readonly BodyId[],
  ) => Promise<readonly (BodyPlace | undefined)[]>;
  /** Leases what is there until `leaseUntil` and answers what is not, in the order of `ids`. */
  readonly leaseBodies: (
    space: SpaceId,
    ids: readonly BodyId[],
    lease: { readonly leaseUntil: number; readonly now: number },
  ) => Promise<readonly boolean[]>;
  /** Makes bodies of a pack that is durable known and leased. Known ones keep their place. */
  readonly registerPack: (pack: NewPack) => Promise<PackOutcome>;
  /** The bytes of a pack that was registered with them; undefined when there is none. */
  readonly readSmallPack: (space: SpaceId, pack: string) => Promise<Bytes | undefined>;
  /** Bytes of bodies that are referenced or leased at `now` in the spaces that the account owns. */
  readonly usage: (account: AccountId, now: number) => Promise<Usage>;
  readonly addTransfer: (space: SpaceId, bytes: number) => Promise<void>;
}

export interface MetadataStore
  extends
    AccountStore,
    SecondFactorStore,
    SessionStore,
    SpaceStore,
    ContentStore,
    CollectionStore,
    AuditStore {
  readonly close: () => Promise<void>;
}
