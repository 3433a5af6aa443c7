/** The search for what may never leave a device: keys, names, contents, in every usual spelling. */
import assert from 'node:assert/strict';
import { bytesToBase64Url, bytesToHex, utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import type { SpaceKeys } from '@coffer/protocol/model/open';
import type { DeviceSecrets } from '@coffer/sdk';

/** Names for what must not be found, and the bytes to look for. */
export type Needles = Readonly<Record<string, Bytes>>;

export function keysOf(secrets: DeviceSecrets, space?: SpaceKeys): Needles {
  const { deviceName: name } = secrets;
  const epochs = [...(space?.epochKeys ?? [])].map(([epoch, key]) => [`epoch key ${epoch}`, key]);
  return {
    [`${name}: device seed`]: secrets.deviceSeed,
    [`${name}: device KEM seed`]: secrets.deviceKemSeed,
    [`${name}: account key`]: secrets.accountKey,
    [`${name}: database key`]: secrets.databaseKey,
    ...Object.fromEntries(epochs),
    ...(space === undefined ? {} : { 'chunker key': space.chunkerKey }),
  };
}

export function textsOf(...texts: readonly string[]): Needles {
  return Object.fromEntries(texts.map((text) => [`“${text}”`, utf8ToBytes(text)]));
}

/** Fails when anything in `sent` holds a needle: as bytes, hex, base64 of any kind, or in percents. */
export function assertNothingLeaked(sent: readonly Bytes[], ...needles: readonly Needles[]): void {
  assert.ok(sent.length > 0, 'something was sent');
  const all = Buffer.concat(sent);
  for (const [name, needle] of needles.flatMap((some) => Object.entries(some))) {
    assert.ok(needle.length >= 4, `${name} is long enough to be looked for`);
    for (const form of formsOf(needle)) assert.ok(!all.includes(form), `${name} left the device`);
  }
}

function formsOf(needle: Bytes): readonly (Buffer | string)[] {
  const hex = bytesToHex(needle);
  const base64 = Buffer.from(needle).toString('base64').replace(/=+$/, '');
  const percent = hex.replaceAll(/../g, (digits) => `%${digits}`);
  return [Buffer.from(needle), hex, hex.toUpperCase(), base64, bytesToBase64Url(needle), percent];
}
