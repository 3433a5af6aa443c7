/**
 * The device's secrets in one file that only its owner can read (0600). A save is atomic: the new
 * file is complete and on disk before it takes the old one's name.
 */
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  base64UrlToBytes,
  bytesToBase64Url,
  bytesToUtf8,
  parseId,
  type AccountId,
  type DeviceId,
  type SpaceId,
} from '@coffer/protocol/core';
import type { DeviceSecrets, KeyStore } from '../../ports/index.ts';
import { readIfThere, syncFolder, writeAtomic } from './write-atomic.ts';

const FORMAT = 1;

/** The key file is there but cannot be used; it is never overwritten because of that. */
export class KeyFileDamaged extends Error {
  override readonly name = 'KeyFileDamaged';
}

/** `path`: the key file; its folder is made (0700) on the first save. */
export function createKeyFile(path: string): KeyStore {
  return {
    load: async () => {
      const bytes = await readIfThere(path);
      return bytes === undefined ? undefined : decodeSecrets(bytes);
    },
    save: async (secrets) => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeAtomic(path, encodeSecrets(secrets));
    },
    clear: async () => {
      if ((await readIfThere(path)) === undefined) return;
      await rm(path, { force: true });
      await syncFolder(dirname(path));
    },
  };
}

function encodeSecrets(secrets: DeviceSecrets): string {
  return JSON.stringify({
    format: FORMAT,
    server: secrets.server,
    email: secrets.email,
    account: secrets.account,
    device: secrets.device,
    deviceName: secrets.deviceName,
    deviceSeed: bytesToBase64Url(secrets.deviceSeed),
    deviceKemSeed: bytesToBase64Url(secrets.deviceKemSeed),
    generation: secrets.generation,
    accountKey: bytesToBase64Url(secrets.accountKey),
    databaseKey: bytesToBase64Url(secrets.databaseKey),
    accountSpace: secrets.homes?.accountSpace,
    drive: secrets.homes?.drive,
  });
}

function decodeSecrets(bytes: Uint8Array): DeviceSecrets {
  try {
    const value: unknown = JSON.parse(bytesToUtf8(bytes));
    const text = (name: string): string => field(value, name, 'string') as string;
    const key = (name: string): Uint8Array => keyOf(text(name));
    if (field(value, 'format', 'number') !== FORMAT) throw new RangeError('another format');
    return {
      server: text('server'),
      email: text('email'),
      account: parseId<AccountId>(text('account')),
      device: parseId<DeviceId>(text('device')),
      deviceName: text('deviceName'),
      deviceSeed: key('deviceSeed'),
      deviceKemSeed: key('deviceKemSeed'),
      generation: field(value, 'generation', 'number') as number,
      accountKey: key('accountKey'),
      databaseKey: key('databaseKey'),
      ...homesOf(value),
    };
  } catch (cause) {
    throw new KeyFileDamaged('the key file cannot be read', { cause });
  }
}

function homesOf(value: unknown): Pick<DeviceSecrets, 'homes'> {
  const { accountSpace, drive } = Object(value) as { accountSpace?: unknown; drive?: unknown };
  if (typeof accountSpace !== 'string' || typeof drive !== 'string') return {};
  return {
    homes: { accountSpace: parseId<SpaceId>(accountSpace), drive: parseId<SpaceId>(drive) },
  };
}

function field(value: unknown, name: string, type: 'string' | 'number'): unknown {
  const found: unknown = Object(value)[name];
  if (typeof found !== type) throw new RangeError(`no ${name}`);
  return found;
}

function keyOf(text: string): Uint8Array {
  const key = base64UrlToBytes(text);
  if (key.length !== 32) throw new RangeError('a key has 32 bytes');
  return key;
}
