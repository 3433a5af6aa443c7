/**
 * Lists folders without the history of the drive: node docs/examples/lazy-listing.ts SERVER FOLDER
 * For a phone or a page: one request for each folder, verified against a signed head. Nothing but the
 * pin is kept.
 */
import { HeadRefused, openLazyDrive } from '@coffer/sdk';
import { createPinFolder } from '@coffer/sdk/node';
import { join } from 'node:path';
import { exampleArguments, must, openProfile } from './profile.ts';

const [server, folder] = exampleArguments();
const { signal } = new AbortController();
using profile = await openProfile(server, folder, signal);
const text = new TextEncoder().encode('hello');
must(await profile.drive.put('/notes/a.txt', [text], { makeParents: true }, signal));

const pins = createPinFolder(join(folder, 'pins'));
try {
  const drive = await openLazyDrive({ ...profile.options, pins }, signal);
  for (const path of ['/', '/notes']) {
    const { entries, unreadable } = must(await drive.list(path, signal));
    console.log(`${path}: ${entries.map(({ node }) => node.name).join(', ')}`);
    if (unreadable.length > 0) console.log(`${unreadable.length} nodes do not open`);
  }
  const parts: Buffer[] = [];
  const sink = { write: (bytes: Uint8Array) => void parts.push(Buffer.from(bytes)) };
  must(await drive.get('/notes/a.txt', sink, {}, signal));
  console.log(Buffer.concat(parts).toString('utf8'));
} catch (error) {
  // The server shows what does not descend from the pinned head. Never retry this silently.
  if (error instanceof HeadRefused) console.error(`the server went back: ${error.message}`);
  throw error;
}
