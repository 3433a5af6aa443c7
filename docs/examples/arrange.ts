/** Copy without content, move, trash, restore: node docs/examples/arrange.ts SERVER FOLDER */
import { exampleArguments, must, openProfile } from './profile.ts';

const [server, folder] = exampleArguments();
const { signal } = new AbortController();
using profile = await openProfile(server, folder, signal);
const { drive } = profile;

const photo = new Uint8Array(4 * 1024 * 1024).map((_, i) => i * i);
must(await drive.put('/photos/one.raw', [photo], { makeParents: true }, signal));

const before = drive.space.bytesOnWire().sent;
const copy = must(await drive.edit.copy('/photos', '/photos for print', signal));
const sent = drive.space.bytesOnWire().sent - before;
console.log(`${copy.path}: ${sent < 64 * 1024 ? 'no content travelled' : `${sent} bytes sent`}`);

must(await drive.edit.move('/photos for print/one.raw', '/photos for print/cover.raw', signal));
must(await drive.edit.trash('/photos', signal));
for (const { path } of must(drive.list('/', { recursive: true })).entries) console.log(path);

for (const { id, from } of drive.trashed()) {
  console.log(`in the trash: ${from?.name}`);
  const restored = must(await drive.edit.restore(id, {}, signal));
  console.log(`restored: ${restored.path}`);
}
