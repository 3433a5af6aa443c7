/**
 * The closed union of operations (engine §5): what the executor is asked to do, as data. Each names
 * what it saw; the executor drops it when that no longer holds and marks the node dirty. One that
 * comes `after` a dropped one is dropped too.
 *
 * [Note: What an operation writes into the base row] The fields that it made equal, as the remote
 * record has them then. Place operations that settle: parent, name, localName. Content operations:
 * rev, contentId, size, sha256, target, executable and both times. Metadata operations: rev, both
 * times, executable. Make, download into an empty slot, upload of a new node, restore and bind (unless
 * `apart`): the whole row, in place of rows of either id. Place, content and metadata operations write
 * nothing where no row pairs exactly their node and entry. A bind or a remote-make-folder that takes the
 * place of another node's row gives the rows below that node the new one as parent and marks them dirty:
 * the folder is the same. `whole`: a folder that was deleted here comes back with what was in it. Base rows
 * below the node whose entry went with the folder are removed, and their nodes marked dirty: cut off after
 * this operation, they would look deleted here. Forget removes one row, set-aside the entry's. recycle
 * removes the rows at and below the node in the base tree whose entry is gone then, trash those whose node
 * is not live and whose entry is gone then: what had moved out before, or waits in staging, keeps its row
 * (without it, it would be taken for new on both sides), and so does what a recycle of the same plan is
 * about to take.
 *
 * A plan has at most one operation for each side of a node, so that no operation changes what
 * another one of the same plan saw, but for folders.
 */
import type { NodeId } from '@coffer/protocol/core';
import type { Dirty, EntryKind, LocalId, OperationId, Saw } from './types.ts';

/** A remote folder that exists, or the one that this plan makes for a local folder. */
export type RemoteParent = { readonly node: NodeId } | { readonly madeFor: LocalId };
/** A local folder that exists, or the one that this plan makes for a remote folder. */
export type LocalParent = { readonly local: LocalId } | { readonly madeFor: NodeId };

interface Common {
  readonly id: OperationId;
  /** Operations that must be done before this one; all others commute with it. */
  readonly after: readonly OperationId[];
  readonly saw: Saw;
}

/**
 * How far the two sides of a bind agree. `equal`: in all; the row is the remote record. `edited`: an
 * entry takes the place of the node's with other bytes; the row is the remote record, so that the entry
 * is an edit of it. `apart`: in the place alone, where a one-way pair lets the contents differ; the row
 * keeps what it says of them.
 */
export type Agreement = 'equal' | 'edited' | 'apart';
/**
 * The node and the entry are one: write the base row. Replaces base rows of either id. A `hollow`
 * folder is `seen` from then on.
 */
export interface Bind extends Common {
  readonly kind: 'bind';
  readonly node: NodeId;
  readonly local: LocalId;
  readonly rev: number;
  readonly agreement: Agreement;
  readonly whole: boolean;
}
/** Both sides are gone, or the pair no longer covers the node: remove the base row. */
export interface Forget extends Common {
  readonly kind: 'forget';
  readonly node: NodeId;
}
export interface LocalMakeFolder extends Common {
  readonly kind: 'local-make-folder';
  readonly node: NodeId;
  readonly parent: LocalParent;
  readonly localName: string;
  readonly whole: boolean;
}
/** Content (or link target) of `rev` goes to the slot: a new entry, or in place of `replaces`. */
export interface LocalDownload extends Common {
  readonly kind: 'local-download';
  readonly node: NodeId;
  readonly rev: number;
  readonly entry: 'file' | 'symlink';
  readonly parent: LocalParent;
  readonly localName: string;
  /** The entry whose bytes go to the recycle area; null when the slot is empty. */
  readonly replaces: LocalId | null;
}
/**
 * The entry is renamed to another slot. `viaStaging` breaks a cycle: the executor puts such entries
 * into staging (intent first) before it begins with the plan's other operations, and to their slots
 * in their turn. A null node is an entry without one, in a folder that was merged into another.
 */
export interface LocalPlace extends Common {
  readonly kind: 'local-place';
  readonly node: NodeId | null;
  readonly local: LocalId;
  readonly parent: LocalParent;
  readonly localName: string;
  readonly viaStaging: boolean;
  /** The node is there on the remote side: the base row follows. Else it stays as it is. */
  readonly settles: boolean;
}
export interface LocalSetMeta extends Common {
  readonly kind: 'local-set-meta';
  readonly node: NodeId;
  readonly local: LocalId;
  readonly rev: number;
  readonly mtimeMs: number | null;
  readonly executable: boolean;
}
/**
 * The entry goes to the recycle area. A folder goes whole only if all below it equals base, or is
 * what operations before this one moved out. Where something ignored by a rule lies in it, it stays
 * with that alone, as `hollow`, and its folders that hold such likewise. `node` is the one whose content the bytes are: the
 * entry's own, or the one into which an equal entry without a node was merged.
 */
export interface LocalRecycle extends Common {
  readonly kind: 'local-recycle';
  readonly node: NodeId;
  readonly local: LocalId;
  readonly entry: EntryKind;
}
/**
 * The losing local entry gets another name in the same folder and becomes a new entry of its own.
 * `copyOf` is the node it is a conflict copy of, or null where only the name clashed.
 */
export interface LocalSetAside extends Common {
  readonly kind: 'local-set-aside';
  readonly local: LocalId;
  readonly localName: string;
  readonly copyOf: NodeId | null;
}
export interface RemoteMakeFolder extends Common {
  readonly kind: 'remote-make-folder';
  readonly local: LocalId;
  readonly parent: RemoteParent;
  readonly name: string;
}
/** Content (or link target) of a local entry goes up: a new node, or a revision of `node`. */
export interface RemoteUpload extends Common {
  readonly kind: 'remote-upload';
  readonly local: LocalId;
  readonly entry: 'file' | 'symlink';
  /** Null makes a new node at `parent`/`name`. */
  readonly node: NodeId | null;
  /** The revision that this one replaces; null for a new node. */
  readonly baseRev: number | null;
  /** Where the node is or is made; an upload never moves one. */
  readonly parent: RemoteParent;
  readonly name: string;
  /** Null also where a set-aside before said it: the executor remembers it with the entry. */
  readonly copyOf: NodeId | null;
}
/**
 * The node is moved or renamed. `viaStaging` breaks a cycle: it and what waits for its slot go into
 * one commit, which is judged by its end state.
 */
export interface RemotePlace extends Common {
  readonly kind: 'remote-place';
  readonly node: NodeId;
  readonly parent: RemoteParent;
  readonly name: string;
  readonly viaStaging: boolean;
  /** The entry is there on the local side then: the base row follows. Else it stays as it is. */
  readonly settles: boolean;
}
export interface RemoteSetMeta extends Common {
  readonly kind: 'remote-set-meta';
  readonly node: NodeId;
  readonly local: LocalId;
  readonly rev: number;
}
/** The node and everything below it goes to the trash, also out of a folder that is trashed itself. */
export interface RemoteTrash extends Common {
  readonly kind: 'remote-trash';
  readonly node: NodeId;
  readonly rev: number;
  readonly entry: EntryKind;
}
/** A trashed node comes back with its id (a purged one is made anew), with L's content if `upload`. */
export interface RemoteRestore extends Common {
  readonly kind: 'remote-restore';
  readonly node: NodeId;
  readonly local: LocalId;
  readonly entry: EntryKind;
  readonly parent: RemoteParent;
  readonly name: string;
  readonly upload: boolean;
}

export type Operation =
  | Bind
  | Forget
  | LocalMakeFolder
  | LocalDownload
  | LocalPlace
  | LocalSetMeta
  | LocalRecycle
  | LocalSetAside
  | RemoteMakeFolder
  | RemoteUpload
  | RemotePlace
  | RemoteSetMeta
  | RemoteTrash
  | RemoteRestore;

export type StallReason =
  | 'FileBusy'
  | 'FileChangingTooFast'
  | 'ReadDenied'
  | 'WriteDenied'
  | 'FolderUnreadable'
  | 'DiskFull'
  | 'QuotaFull'
  | 'NameNotText'
  | 'NameTooLong'
  | 'PathTooLong'
  | 'NameIllegalHere'
  | 'CaseClash'
  | 'NormalisationClash'
  | 'HardLinkCopied'
  | 'SymlinkOutside'
  | 'SpecialFileSkipped'
  | 'BeyondLimits'
  | 'NestedMount'
  | 'RootMissing'
  | 'RootReplaced'
  | 'FileSystemUnsuitable'
  | 'ServerRestored'
  | 'RemoteRootGone'
  | 'Undecryptable'
  | 'IntegrityFailure'
  | 'IgnoreFileMalformed'
  | 'WatchLimit'
  | 'WatcherDead'
  | 'ClockSkew'
  | 'DbRecovered'
  | 'AnotherEngineRunning'
  | 'PlannerLoop';

export interface PlannedStall {
  readonly reason: StallReason;
  readonly node: NodeId | null;
  readonly local: LocalId | null;
}

/** Deletions of one run that exceed the limits of the policy and wait for a person. */
export interface PlannedHold {
  readonly side: 'local' | 'remote';
  readonly nodes: readonly NodeId[];
  /** Nodes of the pair's base that the share was judged against. */
  readonly of: number;
}

export interface Plan {
  readonly operations: readonly Operation[];
  readonly holds: readonly PlannedHold[];
  readonly stalls: readonly PlannedStall[];
  /** Files whose SHA-256 is needed before they can be planned (engine §5.6). */
  readonly hashes: readonly LocalId[];
  /**
   * Nodes and entries that wait for something in their way (a held, unknown or ignored one): they
   * belong into the next plan too, whatever that is made for.
   */
  readonly waiting: Dirty;
}
