import type { Digest, NodeId } from '@coffer/protocol/core';
import { VERSION_COALESCE_MS } from '../limits.ts';

interface Write {
  readonly contentId: Digest;
  /** When the content that this one, or those before it, replaced was kept as a version. */
  readonly keptAtMs: number;
}

/**
 * What this engine wrote in the last minutes. Its own content of a moment ago, replaced again, is no
 * version of its own (protocol §3): a file that is saved all the time would fill its history. In
 * memory alone: after a restart one version more is kept.
 */
export class RecentWrites {
  readonly #byNode = new Map<NodeId, Write>();

  /** False: the content that `node` has now need not be kept when another one replaces it. */
  keepsVersion(node: NodeId, contentId: Digest | null, nowMs: number): boolean {
    const write = this.#byNode.get(node);
    if (write === undefined || write.contentId !== contentId) return true;
    return nowMs - write.keptAtMs >= VERSION_COALESCE_MS;
  }

  /** `isKept`: what was replaced became a version. */
  wrote(node: NodeId, contentId: Digest | null, nowMs: number, isKept: boolean): void {
    for (const [old, { keptAtMs }] of this.#byNode) {
      if (nowMs - keptAtMs < VERSION_COALESCE_MS) break;
      this.#byNode.delete(old);
    }
    if (contentId === null) return;
    const keptAtMs = isKept ? nowMs : (this.#byNode.get(node)?.keptAtMs ?? nowMs);
    if (isKept) this.#byNode.delete(node);
    this.#byNode.set(node, { contentId, keptAtMs });
  }
}
