/** A device that reads its drive lazily, through a server that may lie to it. */
import { CALLS, type CallName } from '@coffer/protocol/api';
import {
  openLazyDrive,
  type DeviceSecrets,
  type HeadEvidence,
  type LazyDrive,
  type PinStore,
} from '@coffer/sdk';
import { startNodeSha256, systemRandom, yieldNodeTurn } from '@coffer/sdk/node';
import { createMemoryKeyStore, createMemoryPinStore } from '@coffer/sdk/testing';
import { EvilServer } from '../hostile/evil-server.ts';
import { signal, type World } from './harness.ts';

export interface Phone {
  readonly evil: EvilServer;
  readonly secrets: DeviceSecrets;
  readonly pins: PinStore;
  /** Heads that the phone kept for people. */
  readonly evidence: HeadEvidence[];
  /** Opens the drive as after a restart: nothing but pins and secrets stays. */
  readonly open: () => Promise<LazyDrive>;
  /** Names of the calls that were made since the last question. */
  readonly calls: () => readonly CallName[];
}

/** The last device of the world as a phone, without the places of its spaces. */
export function phoneOf(world: World, { secrets } = world.pair[1]): Phone {
  const evil = new EvilServer(world.server);
  const pins = createMemoryPinStore();
  const evidence: HeadEvidence[] = [];
  const { homes: _, ...bare } = secrets;
  const open = (): Promise<LazyDrive> =>
    openLazyDrive(
      {
        transport: evil.transport,
        suite: world.suite,
        clock: world.clock,
        random: systemRandom,
        secrets: bare,
        keyStore: createMemoryKeyStore(bare),
        pins,
        startSha256: startNodeSha256,
        yieldTurn: yieldNodeTurn,
        keepEvidence: (found) => void evidence.push(found),
      },
      signal,
    );
  const calls = (): readonly CallName[] =>
    evil.trace.splice(0).map((line) => {
      const [method = '', path = ''] = line.split(' ');
      return nameOf(method, path.split('?')[0] ?? '');
    });
  return { evil, secrets: bare, pins, evidence, open, calls };
}

function nameOf(method: string, path: string): CallName {
  const names = Object.keys(CALLS) as CallName[];
  const found = names.find((name) => {
    const pattern = CALLS[name].path.replaceAll(/:[a-z]+/g, '[^/]+');
    return CALLS[name].method === method && new RegExp(`^${pattern}$`).test(path);
  });
  if (found === undefined) throw new RangeError(`no call: ${method} ${path}`);
  return found;
}

/** Paths of what is directly in a folder, as the phone sees it. */
export async function look(drive: LazyDrive, path: string): Promise<readonly string[]> {
  const listed = await drive.list(path, signal);
  if (!listed.ok) throw new Error(`${path}: ${listed.error.code}`);
  return listed.value.entries.map((entry) => entry.path);
}
