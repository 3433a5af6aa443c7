/**
 * A space in memory, without keys or a network: one log that several clients read. It keeps the rules
 * that the engine relies on (names, cycles, revisions, trash) and nothing of how they are enforced.
 */
import { createHash } from 'node:crypto';
import type { Bytes, ChunkId, DeviceId, Digest, NodeId } from '@coffer/protocol/core';
import type {
  ChangeOutcome,
  FetchRequest,
  FetchSink,
  NodeView,
  SpaceChange,
  SpaceClient,
  SpaceDelta,
  StaleReason,
  UploadedContent,
  Uploader,
} from '@coffer/sdk';

const ROOT = 'a0'.repeat(16) as NodeId;
const TRASH = 'b0'.repeat(16) as NodeId;

interface Stored extends Omit<NodeView, 'trashed'> {
  readonly bytes: Digest | null;
}

/** The server's side: the newest state and what each commit touched. */
export class MemorySpace {
  readonly root = ROOT;
  readonly trash = TRASH;
  readonly contents = new Map<Digest, Bytes>();
  /** Replaced contents, by node, oldest first. */
  readonly versions = new Map<NodeId, Digest[]>();
  /** Requests of any kind, in order: what a quiet second run must not add to. */
  readonly requests: string[] = [];
  /** Called before each request and before its answer arrives; throws to play an outage. */
  fault: (request: string, phase: 'before' | 'after') => void = () => undefined;
  seq = 1;
  era = 0;
  /** What the server's clock says more than the devices' do. */
  clockOffsetMs = 0;
  readonly #nodes = new Map<NodeId, Stored>();
  readonly #log: { readonly changed: readonly NodeId[]; readonly removed: readonly NodeId[] }[] = [
    { changed: [], removed: [] },
  ];
  #nextId = 1;

  constructor() {
    for (const id of [ROOT, TRASH]) this.#nodes.set(id, folderNode(id));
  }

  client(device: string): SpaceClient {
    return new MemorySpaceClient(this, device as DeviceId);
  }

  newNodeId(): NodeId {
    return `c0${(this.#nextId++).toString(16).padStart(30, '0')}` as NodeId;
  }

  /** Plays one request: its effect is there even when its answer is lost. */
  async request<T>(kind: string, action: () => T): Promise<T> {
    this.requests.push(kind);
    this.fault(kind, 'before');
    await Promise.resolve();
    const answer = action();
    this.fault(kind, 'after');
    return answer;
  }

  snapshot(): Map<NodeId, Stored> {
    return new Map(this.#nodes);
  }

  since(seq: number): SpaceDelta {
    const changed = new Set<NodeId>();
    const removed = new Set<NodeId>();
    for (const entry of this.#log.slice(seq)) {
      for (const id of entry.changed) changed.add(id);
      for (const id of entry.removed) removed.add(id);
    }
    const alive = [...changed].filter((id) => this.#nodes.has(id));
    return { changed: alive, removed: [...removed], approved: [], seq: this.seq };
  }

  commit(changes: readonly SpaceChange[], device: DeviceId): readonly ChangeOutcome[] {
    const changed = new Set<NodeId>();
    const removed = new Set<NodeId>();
    const outcomes = changes.map((change) => {
      const why = this.#apply(change, device, removed);
      if (why !== undefined) return { kind: 'stale', why } as const;
      changed.add(change.id);
      return { kind: 'done', node: this.view(change.id) ?? null } as const;
    });
    if (changed.size > 0) {
      this.#log.push({ changed: [...changed], removed: [...removed] });
      this.seq += 1;
    }
    return outcomes;
  }

  view(id: NodeId, nodes: ReadonlyMap<NodeId, Stored> = this.#nodes): NodeView | undefined {
    const node = nodes.get(id);
    if (node === undefined) return undefined;
    const { bytes: _bytes, ...rest } = node;
    return { ...rest, trashed: isBelowTrash(node, nodes) };
  }

  #apply(change: SpaceChange, device: DeviceId, removed: Set<NodeId>): StaleReason | undefined {
    const before = this.#nodes.get(change.id);
    if ('parent' in change) {
      const parent = this.#nodes.get(change.parent);
      if (parent?.kind !== 'folder' || isBelowTrash(parent, this.#nodes)) return 'parent-gone';
      if (this.#isTaken(change.parent, change.name, change.id)) return 'name-taken';
      if (this.#isBelow(change.parent, change.id)) return 'cycle';
    }
    const made = this.#make(change, device, removed);
    if (made) return undefined;
    if (before === undefined) return 'node-gone';
    if ('rev' in change && change.rev !== before.rev) return 'node-changed';
    this.#change(change, before, device);
    return undefined;
  }

  /** True when the change needs no node to be there. */
  #make(change: SpaceChange, device: DeviceId, removed: Set<NodeId>): boolean {
    switch (change.op) {
      case 'make-folder':
        this.#put({ ...folderNode(change.id), parent: change.parent, name: change.name }, device);
        return true;
      case 'make-file':
        this.#put(
          {
            ...folderNode(change.id),
            kind: 'file',
            parent: change.parent,
            name: change.name,
            copyOf: change.copyOf,
            ...contentFields(change.content),
            ...change.meta,
          },
          device,
        );
        return true;
      case 'make-symlink':
        this.#put(
          {
            ...folderNode(change.id),
            kind: 'symlink',
            parent: change.parent,
            name: change.name,
            target: change.target,
          },
          device,
        );
        return true;
      case 'purge':
        removed.add(change.id);
        this.#nodes.delete(change.id);
        return true;
      case 'write':
      case 'retarget':
      case 'set-meta':
      case 'resolve-copy':
      case 'move':
      case 'trash':
      case 'restore':
        return false;
    }
  }

  #change(change: SpaceChange, before: Stored, device: DeviceId): void {
    switch (change.op) {
      case 'make-folder':
      case 'make-file':
      case 'make-symlink':
      case 'purge':
        return;
      case 'write':
        if (before.bytes !== null) {
          const versions = this.versions.get(change.id) ?? [];
          this.versions.set(change.id, [...versions, before.bytes]);
        }
        this.#put({ ...before, ...contentFields(change.content), ...change.meta }, device);
        return;
      case 'retarget':
        this.#put({ ...before, target: change.target }, device);
        return;
      case 'set-meta':
        this.#put({ ...before, ...change.meta }, device);
        return;
      case 'resolve-copy':
        this.#put({ ...before, copyOf: null }, device);
        return;
      case 'move':
      case 'restore':
        this.#put(
          { ...before, parent: change.parent, name: change.name, from: null, keepUntil: null },
          device,
        );
        return;
      case 'trash':
        this.#put(
          {
            ...before,
            parent: TRASH,
            from: { parent: before.parent, name: before.name },
            keepUntil: 1,
          },
          device,
        );
        return;
    }
  }

  #put(node: Stored, device: DeviceId): void {
    const rev = this.#nodes.has(node.id) ? node.rev + 1 : 1;
    this.#nodes.set(node.id, { ...node, rev, changed: { time: this.seq, device } });
  }

  #isTaken(parent: NodeId, name: string, id: NodeId): boolean {
    const wanted = name.normalize('NFC');
    for (const node of this.#nodes.values()) {
      if (node.parent === parent && node.id !== id && node.name.normalize('NFC') === wanted) {
        return true;
      }
    }
    return false;
  }

  #isBelow(folder: NodeId, ancestor: NodeId): boolean {
    for (let at = this.#nodes.get(folder); at !== undefined; at = this.#nodes.get(at.parent)) {
      if (at.id === ancestor) return true;
      if (at.id === ROOT || at.id === TRASH) return false;
    }
    return false;
  }
}

class MemorySpaceClient implements SpaceClient {
  readonly rootFolder = ROOT;
  readonly trash = TRASH;
  readonly #space: MemorySpace;
  readonly #device: DeviceId;
  #nodes: ReadonlyMap<NodeId, Stored>;
  #seq = 0;
  #sent = 0;
  #received = 0;

  constructor(space: MemorySpace, device: DeviceId) {
    this.#space = space;
    this.#device = device;
    this.#nodes = new Map();
  }

  readonly head = (): { seq: number; era: number } => ({ seq: this.#seq, era: this.#space.era });

  readonly pull = async (
    signal: AbortSignal,
    onApplied?: (delta: SpaceDelta) => void,
  ): Promise<SpaceDelta> => {
    signal.throwIfAborted();
    await this.#space.request('pull', () => undefined);
    return this.#advance(onApplied);
  };

  readonly node = (id: NodeId): NodeView | undefined => this.#space.view(id, this.#nodes);

  readonly children = (parent: NodeId): readonly NodeView[] => {
    const found: NodeView[] = [];
    for (const node of this.#nodes.values()) {
      const view = node.parent === parent ? this.#space.view(node.id, this.#nodes) : undefined;
      if (view !== undefined) found.push(view);
    }
    return found;
  };

  readonly newNodeId = (): NodeId => this.#space.newNodeId();

  readonly commit = async (
    changes: readonly SpaceChange[],
    signal: AbortSignal,
    onApplied?: (delta: SpaceDelta) => void,
  ): Promise<readonly ChangeOutcome[]> => {
    signal.throwIfAborted();
    this.#sent += changes.length;
    const outcomes = await this.#space.request('commit', () =>
      this.#space.commit(changes, this.#device),
    );
    this.#advance(onApplied);
    return outcomes;
  };

  readonly createUploader = (): Uploader => {
    const waiting: (() => void)[] = [];
    return {
      add: async (source, signal) => {
        const parts: Bytes[] = [];
        for await (const part of source) parts.push(new Uint8Array(part));
        signal.throwIfAborted();
        const bytes = Buffer.concat(parts);
        await new Promise<void>((resolve) => waiting.push(resolve));
        const sha256 = createHash('sha256').update(bytes).digest('hex') as Digest;
        await this.#space.request('upload', () => {
          if (!this.#space.contents.has(sha256)) this.#sent += bytes.length;
          this.#space.contents.set(sha256, new Uint8Array(bytes));
        });
        return { size: bytes.length, sha256, chunks: chunksOf(sha256, bytes.length) };
      },
      flush: async () => {
        // Sources are read in turns of their own: those that were added before are waited for.
        for (let turn = 0; turn < 50; turn++) {
          await Promise.resolve();
          for (const resolve of waiting.splice(0)) resolve();
        }
      },
    };
  };

  readonly fetch = async (
    requests: readonly FetchRequest[],
    sink: FetchSink,
    signal: AbortSignal,
  ): Promise<void> => {
    await this.#space.request('fetch', () => undefined);
    for (const [index, { id, rev }] of requests.entries()) {
      signal.throwIfAborted();
      const view = this.node(id);
      const stored = this.#nodes.get(id);
      const bytes = this.#space.contents.get(stored?.bytes ?? ('' as Digest));
      if (view === undefined || view.rev !== rev || bytes === undefined) {
        sink.fail(index, new Error('there is no such revision'));
        continue;
      }
      sink.begin(index, view);
      for (let at = 0; at < bytes.length; at += 65_536) {
        sink.write(index, bytes.subarray(at, at + 65_536));
      }
      this.#received += bytes.length;
      sink.end(index);
      await Promise.resolve();
    }
  };

  readonly clockOffsetMs = (): number => this.#space.clockOffsetMs;

  readonly bytesOnWire = (): { sent: number; received: number } => ({
    sent: this.#sent,
    received: this.#received,
  });

  #advance(onApplied: ((delta: SpaceDelta) => void) | undefined): SpaceDelta {
    const delta = this.#space.since(this.#seq);
    const isNew = delta.seq !== this.#seq;
    this.#nodes = this.#space.snapshot();
    this.#seq = delta.seq;
    if (isNew) onApplied?.(delta);
    return delta;
  }
}

function isBelowTrash(node: Stored, nodes: ReadonlyMap<NodeId, Stored>): boolean {
  for (let at: Stored | undefined = node; at !== undefined; at = nodes.get(at.parent)) {
    if (at.id === TRASH) return true;
    if (at.id === ROOT) return false;
  }
  return false;
}

function contentFields(
  content: UploadedContent,
): Pick<Stored, 'size' | 'sha256' | 'contentId' | 'bytes'> {
  const { size, sha256 } = content;
  const contentId = createHash('sha256').update(`content ${sha256}`).digest('hex') as Digest;
  return { size, sha256, contentId, bytes: sha256 };
}

function chunksOf(sha256: Digest, size: number): UploadedContent['chunks'] {
  if (size === 0) return [];
  const id = sha256 as unknown as ChunkId;
  return [{ id, key: new Uint8Array(32), plainLength: size, storedLength: size + 52 }];
}

function folderNode(id: NodeId): Stored {
  return {
    id,
    parent: '00'.repeat(16) as NodeId,
    kind: 'folder',
    rev: 1,
    name: '',
    size: 0,
    sha256: null,
    mtimeMs: null,
    executable: false,
    target: null,
    contentId: null,
    copyOf: null,
    written: null,
    changed: { time: 0, device: '' as DeviceId },
    from: null,
    keepUntil: null,
    bytes: null,
  };
}
