import {
  CHUNK_OVERHEAD_BYTES,
  digestFromBytes,
  hexToBytes,
  idFromBytes,
  type Bytes,
  type ChunkId,
  type Digest,
  type NodeId,
  type SpaceId,
} from '@coffer/protocol/core';
import { encodePack, pageId, type PackBody } from '@coffer/protocol/content';
import { sealChunk, sealPages, type SealedChunk } from '@coffer/protocol/content/open';
import type { WholeSuite } from '@coffer/protocol/crypto';
import {
  decodeRecord,
  encodeRecord,
  MemoryState,
  nodeKey,
  recordKey,
  rootFolderId,
  trashId,
  versionKey,
  type Content,
  type HeadState,
  type NodeRecord,
  type RecordChange,
  type SealedCommit,
  type StateView,
  type VersionRecord,
} from '@coffer/protocol/model';
import {
  contentKey,
  createCommit,
  nameTag,
  newestEpochKey,
  rootKey,
  sealNodeMeta,
  trashKey,
  wrapNodeKey,
  type CommitAuthor,
  type CreatedCommit,
  type CreatedSpace,
  type NodeMeta,
} from '@coffer/protocol/model/open';

/** A file that was put into the root folder, and what its commit needs at the server. */
export interface WrittenFile {
  readonly id: NodeId;
  readonly key: Bytes;
  readonly record: NodeRecord;
  readonly change: RecordChange;
  readonly bodies: readonly PackBody[];
}

/** One space as its owner's device sees it; commits are kept only when the caller says so. */
export class SpaceWriter {
  readonly space: SpaceId;
  readonly genesis: SealedCommit;
  readonly view = new MemoryState();
  head: HeadState;
  readonly #suite: WholeSuite;
  readonly #author: CommitAuthor;
  readonly #keys: CreatedSpace['keys'];

  constructor(given: {
    readonly suite: WholeSuite;
    readonly author: CommitAuthor;
    readonly created: CreatedSpace;
  }) {
    const { created } = given;
    this.#suite = given.suite;
    this.#author = given.author;
    this.#keys = created.keys;
    this.space = created.space;
    this.genesis = created.commit;
    this.head = created.head;
    this.view.apply(created.change);
  }

  /** A signed commit on the present head. */
  commit(
    changes: readonly RecordChange[],
    time = 0,
    on: { readonly view: StateView; readonly head: HeadState } = this,
  ): CreatedCommit {
    const { view, head } = on;
    const { space } = this;
    const author = this.#author;
    return createCommit({
      suite: this.#suite,
      view,
      head,
      space,
      changes,
      author,
      time,
      note: null,
    });
  }

  /** The server has accepted it. */
  accept(commit: CreatedCommit): void {
    this.view.apply(commit.change);
    this.head = commit.head;
  }

  /** A new file in the root folder with one chunk for each of `contents`. */
  file(name: string, contents: readonly Bytes[]): WrittenFile {
    const suite = this.#suite;
    const id = idFromBytes<NodeId>(suite.randomBytes(16));
    const key = suite.randomBytes(32);
    const kr = this.head.seq;
    const { content, bodies } = this.#seal({ id, key, kr }, contents);
    const parent = rootFolderId(this.space);
    const parentKey = rootKey(suite, newestEpochKey(this.#keys));
    const place = { space: this.space, id, parent, kind: 'file', rev: 1, kr, pk: 1 } as const;
    const record: NodeRecord = {
      type: 'node',
      ...place,
      cut: 0,
      tag: nameTag(suite, parentKey, name),
      wrappedKey: wrapNodeKey(suite, parentKey, place, key),
      meta: sealNodeMeta(suite, key, place, this.#meta(name)),
      content,
      by: this.#author.account,
      keepUntil: null,
    };
    return { id, key, record, bodies, change: changeOf(record) };
  }

  /** New content for `file`; the one before becomes a version until `keepUntil`. */
  rewrite(
    file: WrittenFile,
    contents: readonly Bytes[],
    version: { readonly keepUntil: number; readonly time: number },
  ): { readonly changes: readonly RecordChange[]; readonly bodies: readonly PackBody[] } {
    const { record, key } = file;
    const { content, bodies } = this.#seal({ id: file.id, key, kr: record.kr }, contents);
    const next = { ...record, rev: record.rev + 1, content };
    const meta = sealNodeMeta(this.#suite, key, next, this.#meta('again'));
    const { space, rev, kr, by } = record;
    const kept: VersionRecord = {
      type: 'version',
      space,
      file: file.id,
      rev,
      kr,
      meta: record.meta,
      content: record.content ?? content,
      by,
      ...version,
    };
    const changes = [changeOf({ ...next, meta }), changeOf(kept)];
    return { changes, bodies };
  }

  /** The change of `file`, with an inline page that gives its one chunk another stored length. */
  withStoredLength(file: WrittenFile, storedLength: number): RecordChange {
    const [body] = file.bodies;
    if (body === undefined) throw new Error('the file has one chunk');
    const place = { space: this.space, node: file.id, kr: file.record.kr, key: file.key };
    const id = digestFromBytes<ChunkId>(hexToBytes(body.id));
    const plainLength = storedLength - CHUNK_OVERHEAD_BYTES;
    const ref = { id, key: this.#suite.randomBytes(32), plainLength, storedLength };
    const { content } = sealPages(this.#suite, place, [ref]);
    return changeOf({ ...file.record, content });
  }

  /** Moves `file` into the trash. */
  trash(file: WrittenFile, keepUntil: number): readonly RecordChange[] {
    const suite = this.#suite;
    const { record, key } = file;
    const moved = {
      ...record,
      parent: trashId(suite, this.space),
      rev: record.rev + 1,
      tag: null,
      keepUntil,
      pk: 1,
    };
    const trashKeyNow = trashKey(suite, newestEpochKey(this.#keys));
    const from = { parent: record.parent, name: 'gone' };
    const meta = sealNodeMeta(suite, key, moved, { ...this.#meta('gone'), from });
    const wrappedKey = wrapNodeKey(suite, trashKeyNow, moved, key);
    return [[file.change[0], null], changeOf({ ...moved, meta, wrappedKey })];
  }

  /** Removes `file` from the trash with everything that is left of it. */
  purge(file: WrittenFile): readonly RecordChange[] {
    return [[nodeKey(trashId(this.#suite, this.space), file.id), null]];
  }

  chunk(plaintext: Bytes): SealedChunk {
    return sealChunk(this.#suite, contentKey(this.#suite, newestEpochKey(this.#keys)), plaintext);
  }

  #seal(
    node: { readonly id: NodeId; readonly key: Bytes; readonly kr: number },
    contents: readonly Bytes[],
  ): { readonly content: Content; readonly bodies: readonly PackBody[] } {
    const suite = this.#suite;
    const chunks = contents.map((plaintext) => this.chunk(plaintext));
    const place = { space: this.space, node: node.id, kr: node.kr, key: node.key };
    const refs = chunks.map(({ ref }) => ref);
    const { content, pages } = sealPages(suite, place, refs);
    const bodies = new Map<string, PackBody>();
    for (const { ref, parts } of chunks) bodies.set(ref.id, { id: ref.id, isPage: false, parts });
    for (const page of pages) {
      const id = pageId(suite, page);
      bodies.set(id, { id, isPage: true, parts: [page] });
    }
    return { content, bodies: [...bodies.values()] };
  }

  #meta(name: string): NodeMeta {
    const { device } = this.#author;
    return {
      name,
      mtimeMs: 0,
      executable: false,
      size: 0,
      sha256: digestFromBytes<Digest>(new Uint8Array(32)),
      target: null,
      exposed: false,
      from: null,
      olds: [],
      written: { number: 1, time: 0, device },
      changed: { time: 0, device },
      copyOf: null,
    };
  }
}

function changeOf(record: NodeRecord | VersionRecord): RecordChange {
  const key = record.type === 'node' ? recordKey(record) : versionKey(record.file, record.rev);
  const bytes = encodeRecord(record);
  decodeRecord(key, bytes);
  return [key, bytes];
}

export function packOf(bodies: readonly PackBody[]): Bytes {
  return encodePack(bodies);
}
