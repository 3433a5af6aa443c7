/** The search for what may never leave a device: keys, names, contents, in every usual spelling. */
import assert from 'node:assert/strict';
import { bytesToHex, utf8ToBytes, type Bytes } from '@coffer/protocol/core';
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
  return [
    Buffer.from(needle),
    hex,
    hex.toUpperCase(),
    ...[0, 1, 2].flatMap((before) => base64Of(needle, before)),
    hex.replaceAll(/../g, (digits) => `%${digits}`),
    inPath(needle),
  ];
}

/** What base64 of both alphabets has in common whatever stands around the needle, `before` bytes after a group began. */
function base64Of(needle: Bytes, before: number): readonly string[] {
  const bytes = Buffer.concat([Buffer.alloc(before), needle]);
  const from = Math.ceil((before * 8) / 6);
  const to = Math.floor((bytes.length * 8) / 6);
  return [bytes.toString('base64'), bytes.toString('base64url')].map((text) =>
    text.slice(from, to),
  );
}

/** As it stands in a path or a query: letters as they are, the rest in percents. */
function inPath(needle: Bytes): string {
  return [...needle]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      if (/[\w.~-]/.test(letter)) return letter;
      return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
