/** What a drive keeps, gone through in turns with other work, and its contents held against the records. */
import { IntegrityError } from '@coffer/protocol/core';
import type { Drive, FetchRequest, NodeView, UnreadableNode, VersionView } from '@coffer/sdk';
import { RemoteFault } from '@coffer/sdk/faults';
import type { CommandContext } from '../context.ts';
import { failureAt, type CliFailure } from '../failure.ts';
import { AmountProgress } from '../progress.ts';
import { Turns } from '../turns.ts';

export interface Mismatch {
  readonly path: string;
  readonly kind: string;
  readonly detail: string;
}

export interface Fetched {
  readonly checked: number;
  readonly bytes: number;
  readonly mismatches: readonly Mismatch[];
  /** What the network or the server did not let us look at; another run may. */
  readonly unread: readonly CliFailure[];
}

interface Placed {
  readonly path: string;
  readonly node: NodeView | UnreadableNode;
}

interface Content extends FetchRequest {
  readonly path: string;
  readonly version: VersionView;
}

/** Everything below the root and in the trash, with paths. */
export async function* everyNode(drive: Drive, signal: AbortSignal): AsyncGenerator<Placed> {
  const turns = new Turns(signal);
  const open: { path: string; id: NodeView['id'] }[] = [
    { path: '', id: drive.space.rootFolder },
    { path: 'trash:', id: drive.space.trash },
  ];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const node of drive.space.children(folder.id)) {
      const path = `${folder.path}/${'unreadable' in node ? node.id : node.name}`;
      if (!('unreadable' in node) && node.kind === 'folder') open.push({ path, id: node.id });
      yield { path, node };
      await turns.rest();
    }
    await turns.rest();
  }
}

/** Every content that the drive keeps; with `below`, the current and earlier ones of these folders alone. */
async function contentsOf(
  drive: Drive,
  below: readonly string[],
  signal: AbortSignal,
): Promise<readonly Content[]> {
  const isWanted = (path: string): boolean =>
    below.length === 0 ||
    below.some((folder) => folder === '/' || path === folder || path.startsWith(`${folder}/`));
  const contents: Content[] = [];
  for await (const { path, node } of everyNode(drive, signal)) {
    if ('unreadable' in node || node.kind !== 'file' || !isWanted(path)) continue;
    const versions = drive.space.contents.versions(node.id);
    for (const version of versions) contents.push({ id: node.id, rev: version.rev, path, version });
  }
  return contents;
}

/** Fetches and opens every chunk; what the server does not hand over holds up nothing else. */
export async function readContents(
  { output, signal }: CommandContext,
  drive: Drive,
  below: readonly string[],
): Promise<Fetched> {
  const contents = await contentsOf(drive, below, signal);
  const mismatches: Mismatch[] = [];
  const unread: CliFailure[] = [];
  const total = {
    files: contents.length,
    bytes: contents.reduce((sizes, { version }) => sizes + version.size, 0),
  };
  using progress = new AmountProgress(output, { now: Date.now, verb: 'Fetching', total });
  let bytes = 0;
  let gone = 0;
  let fault: unknown;
  const fail = (index: number, error: unknown): void => {
    const content = contents[index];
    if (content === undefined) return;
    if (error instanceof IntegrityError) mismatches.push(mismatchOf(content, error));
    // Removed by somebody since the list was made; what is still kept has to be there.
    else if (!isKept(drive, content)) gone++;
    else if (error instanceof RemoteFault) unread.push(failureAt(content.path, error));
    else fault ??= error;
  };
  await drive.space.fetch(
    contents,
    {
      begin: () => undefined,
      write: (_, plaintext) => {
        bytes += plaintext.length;
        progress.moved(plaintext.length);
      },
      end: () => progress.fileDone(),
      fail,
    },
    signal,
  );
  if (fault !== undefined) throw fault;
  return { checked: contents.length - gone - unread.length, bytes, mismatches, unread };
}

function isKept(drive: Drive, { id, rev }: Content): boolean {
  return drive.space.contents.versions(id).some((version) => version.rev === rev);
}

function mismatchOf({ path, version }: Content, { code, message }: IntegrityError): Mismatch {
  const which = version.isCurrent ? '' : `version ${version.number}: `;
  return { path, kind: code, detail: `${which}the server gave something else: ${message}` };
}
