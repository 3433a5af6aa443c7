/** What a window asks of the drive itself, answered beside the engine in its thread. */
import type { Drive } from '@coffer/sdk';
import type { z } from 'zod';
import type { AccountSteps } from '../account/index.ts';
import {
  ControlFailure,
  driveCommands,
  type ControlTarget,
  type DriveCommandName,
  type RemoteFolder,
} from '../contract/index.ts';
import { answering } from '../control/failure-of.ts';
import { parseInput } from '../control/parse-input.ts';

/** `engine` with the commands of the drive. `rest` lets other calls have their turn. */
export function withDrive(
  engine: ControlTarget,
  { drive, steps, rest }: DriveParts,
): ControlTarget {
  return {
    subscribe: engine.subscribe,
    call: async (name, input, signal) => {
      if (!isDriveCommand(name)) return engine.call(name, input, signal);
      const parsed = parseInput<unknown>(name, driveCommands[name].input, input);
      const call = { name, input: parsed } as DriveCall;
      return answering(
        signal,
        async () => (await answer(call, { drive, steps, rest }, signal)) ?? {},
      );
    },
  };
}

interface DriveParts {
  readonly drive: Drive;
  readonly steps: AccountSteps;
  readonly rest: () => Promise<void>;
}

type DriveCall = {
  readonly [K in DriveCommandName]: {
    readonly name: K;
    readonly input: z.output<(typeof driveCommands)[K]['input']>;
  };
}[DriveCommandName];

function answer(
  { name, input }: DriveCall,
  { drive, steps, rest }: DriveParts,
  signal: AbortSignal,
): unknown {
  switch (name) {
    case 'usage':
      return drive.usage(signal);
    case 'remoteFolders':
      return foldersBelow(drive, input.path, rest);
    case 'devices':
      return steps.devices(signal);
    case 'removeDevice':
      return steps.removeDevice(input, signal);
    case 'makeRecoveryWords':
      return steps.makeRecoveryWords(input, signal);
    case 'settleWords':
      return steps.settleWords(input);
    case 'changePassword':
      return steps.changePassword(input, signal);
    case 'secondFactor':
      return steps.secondFactor(signal);
    case 'startSecondFactor':
      return steps.startSecondFactor(input, signal);
    case 'confirmSecondFactor':
      return steps.confirmSecondFactor(input, signal);
    case 'endSecondFactor':
      return steps.endSecondFactor(input, signal);
    case 'openPairing':
      return steps.openPairing(signal);
    case 'awaitPairing':
      return steps.awaitPairing(input, signal);
    case 'closePairing':
      return steps.closePairing(input);
  }
}

function isDriveCommand(name: string): name is DriveCommandName {
  return Object.hasOwn(driveCommands, name);
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
