/**
 * Changes a part of a large file: node docs/examples/write-range.ts SERVER FOLDER
 * Only the chunks that changed are sent; somebody else's change in between is not overwritten.
 */
import { exampleArguments, must, openProfile } from './profile.ts';

const [server, folder] = exampleArguments();
const { signal } = new AbortController();
using profile = await openProfile(server, folder, signal);
const { drive } = profile;

const SIZE = 24 * 1024 * 1024;
const path = '/log.bin';
must(
  await drive.put(
    path,
    [new Uint8Array(SIZE).map((_, i) => i ** 3)],
    { makeParents: false },
    signal,
  ),
);
const based = must(drive.versions(path)).at(-1)?.number ?? 1;

const before = drive.space.bytesOnWire().sent;
const change = { range: { offset: SIZE / 2, length: 16 }, source: [new Uint8Array(16)] };
must(await drive.writeRange(path, change, { version: based }, signal));
const travelled = drive.space.bytesOnWire().sent - before;
console.log(travelled < SIZE / 4 ? 'a few chunks were sent' : `${travelled} bytes were sent`);

const again = await drive.writeRange(path, change, { version: based }, signal);
console.log(again.ok ? 'written twice' : `based on version ${based}: ${again.error.code}`);
