/** A space as a signed-in device has it: verified, opened, written to. The one SpaceClient there is. */
import {
  Defect,
  idFromBytes,
  ID_SIZE_BYTES,
  type Bytes,
  type NodeId,
  type SpaceId,
} from '@coffer/protocol/core';
import { createChunker } from '@coffer/protocol/content/open';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { childrenRange, rootFolderId, trashId, type NodeRecord } from '@coffer/protocol/model';
import { contentKey, type SpaceKeys } from '@coffer/protocol/model/open';
import type { StoredHead } from '../../ports/index.ts';
import type { RunningSha256 } from '../content/content-api.ts';
import { ContentUploader } from '../content/content-uploader.ts';
import type {
  ChangeOutcome,
  ChunkOpener,
  FetchRequest,
  FetchSink,
  NodeView,
  SpaceChange,
  SpaceClient,
  SpaceDelta,
  UnreadableNode,
  Uploader,
} from '../space-changes.ts';
import { CommitJob } from './commit-job.ts';
import { FileContents } from './file-contents.ts';
import { NodeReader, type NodeSource } from './node-reader.ts';
import { OpenSpace, type OnApplied, type OpenSpaceOptions } from './open-space.ts';
import { PastTree, type Moment, type PastTreeOptions } from './past-tree.ts';
import { proveStored, type OnProved, type StoredProof } from './prove-stored.ts';
import { renewSpaceKeys } from './renew-keys.ts';
import { SpaceWriter } from './space-writer.ts';

export interface FullSpaceOptions extends OpenSpaceOptions {
  readonly startSha256: () => RunningSha256;
  /** Lets the event loop run: `setImmediate` in Node. */
  readonly yieldTurn: () => Promise<void>;
  /** Opens chunks of downloads elsewhere, in worker threads. */
  readonly opener?: ChunkOpener | undefined;
  readonly bytesOnWire: SpaceClient['bytesOnWire'];
  /** How many changes go into one commit at most; the protocol's own limit holds besides. */
  readonly changesPerCommitMax?: number | undefined;
}

/** Folders kept decoded at most. */
const FOLDERS_MAX = 20_000;
/** Views kept at most of what was opened and not yet fetched: about 10 MiB. */
const OPENED_MAX = 16_384;

export class FullSpaceClient implements SpaceClient {
  readonly rootFolder: NodeId;
  readonly trash: NodeId;
  readonly bytesOnWire: SpaceClient['bytesOnWire'];
  readonly contents: FileContents;
  readonly #options: FullSpaceOptions;
  readonly #space: OpenSpace;
  readonly #reader: NodeReader;
  readonly #writer: SpaceWriter;
  /** Folders of the state at `#foldersAt`: every node asks for those above it. */
  readonly #folders = new Map<NodeId, NodeRecord>();
  #foldersAt = 0;
  /** Views of nodes of the state at `#viewsAt`: what our last commit wrote, and files that were opened. */
  #views = new Map<NodeId, NodeView>();
  #viewsAt = 0;
  #otherwise: OnApplied;

  private constructor(options: FullSpaceOptions, space: OpenSpace) {
    const { suite } = options;
    this.#options = options;
    this.#space = space;
    this.rootFolder = rootFolderId(options.space);
    this.trash = trashId(suite, options.space);
    this.bytesOnWire = options.bytesOnWire;
    const roots = { root: this.rootFolder, trash: this.trash };
    this.#reader = new NodeReader({ suite, keys: space.keys, ...roots });
    this.contents = new FileContents({
      ...options,
      space,
      reader: this.#reader,
      source: this.#source,
      takeOpened: (id) => this.#takeOpened(id),
    });
    this.#writer = new SpaceWriter({
      space,
      reader: this.#reader,
      ...roots,
      viewOf: (id) => this.#readable(id),
      written: (views) => {
        this.#views = new Map(views);
        this.#viewsAt = space.verified.revision + 1;
      },
      changesPerCommitMax: options.changesPerCommitMax,
    });
  }

  static async open(options: FullSpaceOptions, signal: AbortSignal): Promise<FullSpaceClient> {
    return new FullSpaceClient(options, await OpenSpace.open(options, signal));
  }

  get id(): SpaceId {
    return this.#options.space;
  }

  readonly head = (): { readonly seq: number; readonly era: number } => {
    const { seq, era } = this.storedHead();
    return { seq, era };
  };

  readonly clockOffsetMs = (): number => this.#space.verified.clockOffsetMs;

  storedHead(): StoredHead {
    const head = this.#space.verified.head;
    if (head === undefined) throw new Defect('an open space has a head');
    return head;
  }

  records(): ReturnType<OpenSpace['records']> {
    return this.#space.records();
  }

  /** Whether the stored records are what the stored head signs; see `proveStored`. */
  proveStored(signal: AbortSignal, onProved?: OnProved): Promise<StoredProof> {
    return proveStored(this.#space, signal, onProved);
  }

  readonly otherwise = (onApplied: (delta: SpaceDelta) => void): void => {
    this.#otherwise = onApplied;
  };

  readonly pull = (signal: AbortSignal, onApplied?: OnApplied): Promise<SpaceDelta> =>
    this.#space.pull(signal, onApplied ?? this.#otherwise);

  /** A new epoch, if one is due; see `renewSpaceKeys`. */
  renewKeys(signal: AbortSignal): Promise<boolean> {
    const hooks = this.#space.hooks(this.#otherwise);
    return this.#space.mutex.run(() => renewSpaceKeys(this.#space, signal, hooks));
  }

  readonly commit = async (
    changes: readonly SpaceChange[],
    signal: AbortSignal,
    onApplied?: OnApplied,
  ): Promise<readonly ChangeOutcome[]> => {
    const { view, head } = this.#space.verified;
    const job = new CommitJob(changes, view, head?.id);
    const hooks = this.#space.hooks(onApplied ?? this.#otherwise);
    await this.#space.mutex.run(() => this.#writer.commit(job, signal, hooks));
    return job.outcomes();
  };

  /** See `OpenSpace.acceptRestored`. */
  acceptRestored(signal: AbortSignal, during?: () => void): Promise<boolean> {
    return this.#space.acceptRestored(signal, () => {
      this.#reader.forget();
      during?.();
    });
  }

  readonly node = (id: NodeId): NodeView | UnreadableNode | undefined => {
    const view = this.#viewsNow().get(id);
    if (view !== undefined) return view;
    const record = this.#source.node(id);
    return record === undefined ? undefined : this.#open(record);
  };

  readonly children = (parent: NodeId): readonly (NodeView | UnreadableNode)[] => {
    const trashed = this.#reader.isTrashed(parent, this.#source);
    const nodes: (NodeView | UnreadableNode)[] = [];
    const known = this.#viewsNow();
    for (const record of this.#space.list(childrenRange(parent))) {
      if (record.type !== 'node') continue;
      nodes.push(known.get(record.id) ?? this.#open(record, trashed));
    }
    return nodes;
  };

  readonly newNodeId = (): NodeId =>
    idFromBytes<NodeId>(this.#options.suite.randomBytes(ID_SIZE_BYTES));

  readonly createUploader = (): Uploader => {
    const { suite, api } = this.#options;
    let derived: { readonly of: SpaceKeys; readonly keys: readonly Bytes[] } | undefined;
    const contentKeys = (): readonly Bytes[] => {
      const of = this.#space.keys();
      if (derived?.of !== of) derived = { of, keys: contentKeysOf(suite, of) };
      return derived.keys;
    };
    return new ContentUploader({
      ...this.#options,
      api: api.content,
      chunker: createChunker(suite, this.#space.keys().chunkerKey),
      contentKeys,
    });
  };

  readonly fetch = (
    requests: readonly FetchRequest[],
    sink: FetchSink,
    signal: AbortSignal,
  ): Promise<void> => this.contents.fetch(requests, sink, signal);

  /** The space at an earlier moment; see `PastTree.replay`. */
  past(
    moment: Moment,
    signal: AbortSignal,
    onFetched?: PastTreeOptions['onFetched'],
  ): Promise<PastTree> {
    const { suite, api } = this.#options;
    const parts = { suite, api, keys: this.#space.keys, root: this.rootFolder, trash: this.trash };
    return PastTree.replay({ ...parts, head: this.storedHead(), onFetched }, moment, signal);
  }

  /** The child of `parent` that has this name, up to NFC. */
  child(parent: NodeId, name: string): NodeView | undefined {
    const folder = this.#source.node(parent);
    if (folder?.kind !== 'folder' || parent === this.trash) return undefined;
    const wanted = name.normalize('NFC');
    const isWanted = (node: NodeView | UnreadableNode | undefined): node is NodeView =>
      node !== undefined && !('unreadable' in node) && node.name.normalize('NFC') === wanted;
    const tag = this.#reader.tagOf(folder, name, this.#source);
    const tagged = this.#space.verified.view.findTag(parent, tag);
    const found = tagged === undefined ? undefined : this.node(tagged);
    // Readers never trust a tag: its writer may have made it from another name.
    return isWanted(found) ? found : this.children(parent).find(isWanted);
  }

  readonly #source: NodeSource = {
    node: (id) => {
      const { verified } = this.#space;
      if (this.#foldersAt !== verified.revision || this.#folders.size > FOLDERS_MAX) {
        this.#folders.clear();
        this.#foldersAt = verified.revision;
      }
      const folder = this.#folders.get(id);
      if (folder !== undefined) return folder;
      const key = verified.view.findNode(id);
      const record = key === undefined ? undefined : this.#space.record(key);
      if (record?.type !== 'node') return undefined;
      if (record.kind === 'folder') this.#folders.set(id, record);
      return record;
    },
  };

  #open(record: NodeRecord, trashed?: boolean): NodeView | UnreadableNode {
    const view = this.#reader.view(record, this.#source, trashed);
    const views = this.#viewsNow();
    const isKept = !('unreadable' in view) && view.kind === 'file' && !view.trashed;
    if (isKept && views.size < OPENED_MAX) views.set(view.id, view);
    return view;
  }

  /** The view of a node of the newest state, if it is known; given away once: most are fetched once. */
  #takeOpened(id: NodeId): NodeView | undefined {
    const views = this.#viewsNow();
    const view = views.get(id);
    views.delete(id);
    return view;
  }

  #viewsNow(): Map<NodeId, NodeView> {
    const { revision } = this.#space.verified;
    if (this.#viewsAt !== revision) this.#views.clear();
    this.#viewsAt = revision;
    return this.#views;
  }

  #readable(id: NodeId): NodeView | null {
    const view = this.node(id);
    return view === undefined || 'unreadable' in view ? null : view;
  }
}

/** Newest epoch first. */
function contentKeysOf(suite: OpenSuite, keys: SpaceKeys): readonly Bytes[] {
  return [...keys.epochKeys]
    .sort(([a], [b]) => b - a)
    .map(([, epochKey]) => contentKey(suite, epochKey));
}
