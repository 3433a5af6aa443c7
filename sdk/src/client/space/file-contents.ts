/** Contents of files, current and kept: which chunks they have, and how they are fetched and opened. */
import { Defect, type Bytes, type NodeId } from '@coffer/protocol/core';
import type { ChunkRef } from '@coffer/protocol/content/open';
import {
  childrenRange,
  versionKey,
  type NodeRecord,
  type VersionRecord,
} from '@coffer/protocol/model';
import type { NodeMeta } from '@coffer/protocol/model/open';
import { RemoteFault } from '../../ports/index.ts';
import type { RunningSha256 } from '../content/content-api.ts';
import { fetchContents, type FileToFetch } from '../content/fetch-contents.ts';
import { planFetch } from '../content/fetch-plan.ts';
import { readRange, type ByteRange } from '../content/read-range.ts';
import type {
  ChunkOpener,
  FetchRequest,
  FetchSink,
  NodeView,
  UploadedContent,
} from '../space-changes.ts';
import type { NodeReader, NodeSource } from './node-reader.ts';
import type { OpenSpace } from './open-space.ts';

/** A content that a file had or has. */
export interface VersionView {
  /** Counts the contents of the file from 1; the oldest kept keeps its number. */
  readonly number: number;
  readonly rev: number;
  readonly size: number;
  readonly mtimeMs: number | null;
  /** When and by which device this content was written. */
  readonly written: NonNullable<NodeView['written']>;
  readonly isCurrent: boolean;
  /** Unix ms; null for the current content. */
  readonly keepUntil: number | null;
}

export interface FileContentsOptions {
  readonly space: OpenSpace;
  readonly reader: NodeReader;
  readonly source: NodeSource;
  /** The view of a file of the newest state, where it was opened a moment ago. */
  readonly takeOpened: (id: NodeId) => NodeView | undefined;
  readonly startSha256: () => RunningSha256;
  readonly yieldTurn: () => Promise<void>;
  readonly opener?: ChunkOpener | undefined;
}

interface Revision {
  readonly node: NodeView;
  readonly record: Pick<NodeRecord, 'content'> | VersionRecord;
}

export class FileContents {
  readonly #options: FileContentsOptions;

  constructor(options: FileContentsOptions) {
    this.#options = options;
  }

  async fetch(
    requests: readonly FetchRequest[],
    sink: FetchSink,
    signal: AbortSignal,
  ): Promise<void> {
    const files: FileToFetch[] = [];
    for (const [index, request] of requests.entries()) {
      try {
        files.push(this.#fileOf(index, request));
      } catch (error) {
        sink.fail(index, error);
      }
    }
    await fetchContents(this.#fetchOptions(), files, sink, signal);
  }

  /** See `readRange`. `begin` is told which revision it is, before the first byte. */
  async fetchRange(
    request: FetchRequest,
    range: ByteRange,
    sink: { readonly begin?: (node: NodeView) => void; readonly write: (plaintext: Bytes) => void },
    signal: AbortSignal,
  ): Promise<void> {
    const file = this.#fileOf(0, request);
    sink.begin?.(file.node);
    for await (const piece of readRange(this.#fetchOptions(), file, range, signal))
      sink.write(piece);
  }

  /** The same as it is asked for, from a revision that is there. */
  readRange(request: FetchRequest, range: ByteRange, signal: AbortSignal): AsyncIterable<Bytes> {
    return readRange(this.#fetchOptions(), this.#fileOf(0, request), range, signal);
  }

  /** The content of a revision as if it had been uploaded: no chunk has to travel. */
  async uploadedContent(request: FetchRequest, signal: AbortSignal): Promise<UploadedContent> {
    const file = this.#fileOf(0, request);
    const chunks: ChunkRef[] = [];
    for await (const step of planFetch(this.#fetchOptions(), [file], signal)) {
      if (step.kind === 'fail') throw step.error;
      if (step.kind === 'chunk') chunks.push(step.ref);
    }
    const { size, sha256 } = file.node;
    if (sha256 === null) throw new Defect('files have a SHA-256');
    return { size, sha256, chunks };
  }

  /** Contents of a file, oldest first, the current one last. Empty for what is no file. */
  versions(id: NodeId): readonly VersionView[] {
    const record = this.#options.source.node(id);
    if (record?.kind !== 'file') return [];
    const kept: Revision[] = [];
    for (const version of this.#options.space.list(childrenRange(id))) {
      if (version.type === 'version') kept.push(this.#versionOf(record, version));
    }
    const all = [...kept, this.#currentOf(record)];
    return all.map(({ node }, i) => viewOf(node, i === all.length - 1));
  }

  #fetchOptions() {
    const { space, startSha256, yieldTurn, opener } = this.#options;
    const { suite, api } = space.options;
    const fetching = { suite, api: api.content, startSha256, yieldTurn };
    return opener === undefined ? fetching : { ...fetching, opener };
  }

  #fileOf(index: number, request: FetchRequest): FileToFetch {
    const { space, reader, source } = this.#options;
    const { node, record } = this.#revisionOf(request);
    if (record.content === null) throw notThere();
    const place = {
      space: space.verified.id,
      node: request.id,
      keyOf: (kr: number) => reader.keyAt(request.id, kr, source),
    };
    return { index, node, content: record.content, place };
  }

  #revisionOf({ id, rev }: FetchRequest): Revision {
    const record = this.#options.source.node(id);
    if (record?.kind !== 'file') throw notThere();
    if (record.rev === rev) return this.#currentOf(record);
    const version = this.#options.space.record(versionKey(id, rev));
    if (version?.type !== 'version') throw notThere();
    return this.#versionOf(record, version);
  }

  #currentOf(record: NodeRecord): Revision {
    const { reader, source, takeOpened } = this.#options;
    const opened = takeOpened(record.id);
    if (opened?.rev === record.rev) return { record, node: opened };
    return { record, node: reader.openView(record, reader.metaOf(record, source), source) };
  }

  #versionOf(file: NodeRecord, version: VersionRecord): Revision {
    const { reader, source } = this.#options;
    const { rev, kr, meta, content, keepUntil } = version;
    const place: NodeRecord = { ...file, rev, kr, meta, content, keepUntil };
    const opened: NodeMeta = reader.metaAt(place, source);
    return { record: version, node: reader.openView(place, opened, source) };
  }
}

function viewOf(node: NodeView, isCurrent: boolean): VersionView {
  const { rev, size, mtimeMs, written, keepUntil } = node;
  if (written === null) throw new Defect('files say when they were written');
  return {
    number: written.number,
    rev,
    size,
    mtimeMs,
    written,
    isCurrent,
    keepUntil: isCurrent ? null : keepUntil,
  };
}

function notThere(): RemoteFault {
  return new RemoteFault('not-found', 'the revision of the file is not there', {
    retry: { kind: 'never' },
  });
}
