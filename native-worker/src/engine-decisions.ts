/** What people decide: conflicts, held deletions, stalls. */
import type { SpaceChange, UploadedContent } from '@coffer/sdk';
import { EngineFault } from './contract/index.ts';
import type { EngineCore } from './engine-core.ts';
import { openCopies } from './engine-listings.ts';
import type { PairRunner } from './engine-pair.ts';
import { FileChanged, readStably } from './executor/index.ts';
import type { RemoteEntry } from './trees/index.ts';

const AGAIN = "Run 'coffer sync now', then look at 'coffer conflicts' again.";

type Keep = 'mine' | 'theirs' | 'both';

interface Conflict {
  readonly runner: PairRunner;
  readonly copy: RemoteEntry;
  readonly original: RemoteEntry;
}

/**
 * `mine` is the conflict copy's content, `theirs` the original's. The one that is not kept becomes a
 * version of the original. Throws EngineFault `not-found` or `stale`.
 */
export async function resolveConflict(
  core: EngineCore,
  given: { readonly path: string; readonly keep: Keep },
  signal: AbortSignal,
): Promise<void> {
  const conflict = findConflict(core, given.path);
  const changes = await changesFor(core, conflict, given.keep, signal);
  const outcomes = await core.options.spaceClient.commit(changes, signal, core.applied);
  core.poke();
  if (outcomes.some(({ kind }) => kind === 'quota-exceeded')) {
    throw new EngineFault(
      'quota-exceeded',
      'the storage of the account is full',
      'Both files stay as they are. Remove something for ever, then try again.',
    );
  }
  if (outcomes.some(({ kind }) => kind !== 'done')) {
    throw new EngineFault('stale', 'the files changed meanwhile', `Nothing was lost. ${AGAIN}`);
  }
}

function findConflict(core: EngineCore, path: string): Conflict {
  const wanted = path.startsWith('/') ? path : `/${path}`;
  for (const runner of core.runners()) {
    for (const { copy, original } of openCopies(runner)) {
      const paths = [core.remotePath(copy.id), core.remotePath(original.id)];
      if (copy.id === path || paths.includes(wanted)) return { runner, copy, original };
    }
  }
  throw new EngineFault(
    'not-found',
    `there is no conflict at ${path}`,
    "'coffer conflicts' lists them. Nothing was changed.",
  );
}

async function changesFor(
  core: EngineCore,
  { runner, copy, original }: Conflict,
  keep: Keep,
  signal: AbortSignal,
): Promise<readonly SpaceChange[]> {
  if (keep === 'both') return [{ op: 'resolve-copy', id: copy.id, rev: copy.rev }];
  const write = (content: UploadedContent, from: RemoteEntry, rev: number): SpaceChange => ({
    op: 'write',
    id: original.id,
    rev,
    content,
    meta: { mtimeMs: from.mtimeMs, executable: from.executable },
    keepVersion: true,
  });
  const mine = await contentOf(core, runner, copy, signal);
  const trash: SpaceChange = { op: 'trash', id: copy.id };
  if (keep === 'mine') return [write(mine, copy, original.rev), trash];
  const theirs = await contentOf(core, runner, original, signal);
  // Mine becomes a version by being current for a moment.
  return [write(mine, copy, original.rev), write(theirs, original, original.rev + 1), trash];
}

/** The content as chunks: read from the local file, which both sides agreed on, and not sent again. */
async function contentOf(
  core: EngineCore,
  runner: PairRunner,
  node: RemoteEntry,
  signal: AbortSignal,
): Promise<UploadedContent> {
  const base = runner.trees.base.byId(node.id);
  const row = base === undefined ? undefined : runner.trees.local.byId(base.localId);
  const path = row === undefined ? undefined : runner.paths.absolute(row.id);
  if (row === undefined || path === undefined || base?.sha256 !== node.sha256) {
    throw new EngineFault('stale', 'a file of the conflict is not synced here', AGAIN);
  }
  const uploader = core.options.spaceClient.createUploader();
  const source = readStably(core.options.fileSystem, path, row);
  const adding = uploader.add(source, signal);
  try {
    await Promise.all([adding, uploader.flush()]);
    const content = await adding;
    if (content.sha256 === node.sha256) return content;
  } catch (error) {
    if (!(error instanceof FileChanged)) throw error;
  }
  throw new EngineFault('stale', 'a file of the conflict has changed', AGAIN);
}

/** All batches, one batch, or those of one pair (by id or path). */
export function decideHeld(
  core: EngineCore,
  id: string | undefined,
  decision: 'approved' | 'undone',
): void {
  let found = id === undefined;
  for (const runner of core.runners()) {
    const isPair = id === runner.pair.id || id === runner.pair.localPath;
    for (const hold of runner.trees.holds.list()) {
      if (hold.decision !== 'none') continue;
      if (id !== undefined && !isPair && hold.batch !== id) continue;
      found = true;
      core.options.database.transaction(() => {
        runner.trees.holds.decide(hold.batch, decision);
        runner.deletions.decided();
        for (const node of hold.nodes) runner.book.markNode(node);
      });
    }
  }
  if (!found) {
    throw new EngineFault(
      'not-found',
      'no held deletions have this id or folder',
      "'coffer held' lists them. Nothing was changed.",
    );
  }
  core.poke();
}

/** Makes stalled operations due; `path` is local (absolute) or left out for all. */
export function retryStalls(core: EngineCore, path: string | undefined): void {
  for (const runner of core.runners()) {
    const relative = relativeIn(runner, path);
    if (path !== undefined && relative === undefined) continue;
    for (const stall of runner.trees.stalls.makeDue(relative === '' ? undefined : relative)) {
      if (stall.node !== null) runner.trees.dirty.markRemote(stall.node);
      if (stall.local !== null) runner.trees.dirty.markLocal(stall.local, 'retry');
    }
    runner.restart();
    runner.scanner.hintAll();
  }
  core.poke();
}

function relativeIn(runner: PairRunner, path: string | undefined): string | undefined {
  if (path === undefined || path === runner.pair.localPath) return '';
  const prefix = `${runner.pair.localPath}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
}
