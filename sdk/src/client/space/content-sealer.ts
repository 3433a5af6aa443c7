/**
 * Content fields and pages for the files of a commit. What was sealed once is used again when the
 * commit is built anew on another head, so that its pages need not be sent twice.
 */
import { equalBytes, type Bytes, type NodeId, type SpaceId } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { sealPages, type SealedPages } from '@coffer/protocol/content/open';
import type { SpaceChange, UploadedContent } from '../space-changes.ts';
import type { NodeKey } from './commit-draft.ts';

export class ContentSealer {
  readonly #suite: OpenSuite;
  readonly #space: SpaceId;
  readonly #sealed = new Map<SpaceChange, SealedPages & { readonly key: NodeKey }>();

  constructor(suite: OpenSuite, space: SpaceId) {
    this.#suite = suite;
    this.#space = space;
  }

  /** The key under which the content of `change` was sealed before. */
  keyOf(change: SpaceChange): NodeKey | undefined {
    return this.#sealed.get(change)?.key;
  }

  seal(change: SpaceChange, node: NodeId, key: NodeKey, content: UploadedContent): SealedPages {
    const known = this.#sealed.get(change);
    if (known?.key.kr === key.kr && equalBytes(known.key.key, key.key)) return known;
    const place = { space: this.#space, node, ...key };
    const sealed = sealPages(this.#suite, place, content.chunks);
    this.#sealed.set(change, { ...sealed, key });
    return sealed;
  }

  /** Pages that have to be at the server before these changes are committed. */
  pagesOf(changes: Iterable<SpaceChange>): readonly Bytes[] {
    return [...changes].flatMap((change) => this.#sealed.get(change)?.pages ?? []);
  }
}
