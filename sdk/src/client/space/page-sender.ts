/** Brings the pages of a commit to the server, in packs, each page once. */
import {
  CHUNKS_PER_PACK_MAX,
  PACK_SIZE_BYTES_MAX,
  type Bytes,
  type PageId,
} from '@coffer/protocol/core';
import { encodePack, packLength, pageId, type PackBody } from '@coffer/protocol/content';
import type { VerifySuite } from '@coffer/protocol/crypto';
import type { ContentApi } from '../content/content-api.ts';

export class PageSender {
  readonly #suite: VerifySuite;
  readonly #api: ContentApi;
  readonly #sent = new Set<PageId>();

  constructor(suite: VerifySuite, api: ContentApi) {
    this.#suite = suite;
    this.#api = api;
  }

  async send(pages: readonly Bytes[], signal: AbortSignal): Promise<void> {
    let bodies: PackBody[] = [];
    let bodyBytes = 0;
    const flush = async (): Promise<void> => {
      if (bodies.length === 0) return;
      await this.#api.putPack(encodePack(bodies), signal);
      for (const { id } of bodies) this.#sent.add(id as PageId);
      bodies = [];
      bodyBytes = 0;
    };
    for (const page of pages) {
      const id = pageId(this.#suite, page);
      if (this.#sent.has(id) || bodies.some((body) => body.id === id)) continue;
      const isFull =
        bodies.length >= CHUNKS_PER_PACK_MAX ||
        packLength(bodies.length + 1, bodyBytes + page.length) > PACK_SIZE_BYTES_MAX;
      if (isFull) await flush();
      bodies.push({ id, isPage: true, parts: [page] });
      bodyBytes += page.length;
    }
    await flush();
  }

  /** Lets those of `ids` be sent again that were sent; false when none was. */
  forget(ids: ReadonlySet<string>): boolean {
    let isAny = false;
    for (const id of this.#sent) if (ids.has(id)) isAny = this.#sent.delete(id);
    return isAny;
  }
}
