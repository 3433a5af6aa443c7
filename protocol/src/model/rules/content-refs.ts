/** Which contents the records of a space gain and lose by a commit: for reference counts and quota. */
import type { ChunkId, NodeId, PageId } from '../../core/index.ts';
import { sameContent } from '../content-codec.ts';
import { readInlinePage } from '../inline-page.ts';
import type { Content } from '../records.ts';
import type { CommitInState } from './commit-in-state.ts';

/** What one record references: the chunks of its inline page, or pages. */
export interface ContentRef {
  /** The file, also where a version of it holds the content. */
  readonly node: NodeId;
  readonly chunks: readonly { readonly id: ChunkId; readonly storedLength: number }[];
  readonly pages: readonly PageId[];
}

export interface ContentChange {
  readonly gained: readonly ContentRef[];
  readonly lost: readonly ContentRef[];
}

/** A content that passes from a file to its version appears on neither side. */
export function contentChangeOf(commit: CommitInState): ContentChange {
  const gained: ContentRef[] = [];
  const lost: ContentRef[] = [];
  const put = (side: ContentRef[], node: NodeId, content: Content | null = null): void => {
    if (content !== null && content.chunkCount > 0) side.push(refOf(node, content));
  };
  const kept = new Set<NodeId>();
  for (const { old, next } of commit.versions) {
    const file = next === undefined ? undefined : commit.nodeById.get(next.file);
    const isPassedOn =
      old === undefined &&
      file?.old !== undefined &&
      !sameContent(file.old.content, file.next?.content ?? null);
    if (isPassedOn) kept.add(file.id);
    else {
      put(gained, (next ?? old)?.file ?? commit.rootFolder, next?.content);
      put(lost, (next ?? old)?.file ?? commit.rootFolder, old?.content);
    }
  }
  for (const { id, old, next } of commit.nodes) {
    if (sameContent(old?.content ?? null, next?.content ?? null)) continue;
    put(gained, id, next?.content);
    if (!kept.has(id)) put(lost, id, old?.content);
  }
  return { gained, lost };
}

function refOf(node: NodeId, content: Content): ContentRef {
  const chunks = content.inlinePage === null ? [] : readInlinePage(content.inlinePage).chunks;
  return { node, chunks, pages: content.pages };
}
