/** What a window asks of the drive itself, answered beside the engine in its thread. */
import type { Drive } from '@coffer/sdk';
import {
  accountCommands,
  ControlFailure,
  type ControlTarget,
  type RemoteFolder,
} from '../contract/index.ts';
import { answering } from '../control/failure-of.ts';
import { parseInput } from '../control/parse-input.ts';

/** `engine` with the commands `usage` and `remoteFolders`. `rest` lets other calls have their turn. */
export function withDrive(
  engine: ControlTarget,
  drive: Drive,
  rest: () => Promise<void>,
): ControlTarget {
  return {
    subscribe: engine.subscribe,
    call: async (name, input, signal) => {
      if (name !== 'usage' && name !== 'remoteFolders') return engine.call(name, input, signal);
      return answering(signal, async () => {
        if (name === 'usage') return drive.usage(signal);
        const { path } = parseInput(name, accountCommands[name].input, input);
        return foldersBelow(drive, path, rest);
      });
    },
  };
}

async function foldersBelow(
  drive: Drive,
  path: string,
  rest: () => Promise<void>,
): Promise<readonly RemoteFolder[]> {
  const folders: RemoteFolder[] = [];
  for (const { path: at, node } of listed(drive, path, false)) {
    if (node.kind !== 'folder') continue;
    await rest();
    let bytes = 0;
    for (const below of listed(drive, at, true)) {
      if (below.node.kind === 'file') bytes += below.node.size;
    }
    folders.push({ name: node.name, path: at, bytes });
  }
  return folders;
}

function listed(drive: Drive, path: string, isRecursive: boolean) {
  const listing = drive.list(path, { recursive: isRecursive });
  if (listing.ok) return listing.value.entries;
  throw new ControlFailure({
    code: 'not-found',
    message: `there is no folder ${path} in the drive`,
    hint: 'It may have been moved or deleted on another device.',
  });
}
