/** Versions of a file, and a folder as it was: node docs/examples/versions.ts SERVER FOLDER */
import { exampleArguments, must, openProfile } from './profile.ts';

const [server, folder] = exampleArguments();
const { signal } = new AbortController();
using profile = await openProfile(server, folder, signal);
const { drive } = profile;
const put = async (path: string, text: string): Promise<void> => {
  const bytes = new TextEncoder().encode(text);
  must(await drive.put(path, [bytes], { makeParents: true }, signal));
};
const read = async (path: string): Promise<string> => {
  const parts: Buffer[] = [];
  const sink = { write: (bytes: Uint8Array) => void parts.push(Buffer.from(bytes)) };
  must(await drive.get(path, sink, {}, signal));
  return Buffer.concat(parts).toString('utf8');
};

await put('/papers/plan.txt', 'first');
await put('/papers/plan.txt', 'second');
for (const { number, size, isCurrent } of must(drive.versions('/papers/plan.txt'))) {
  console.log(`content ${number}: ${size} bytes${isCurrent ? ', current' : ''}`);
}
must(await drive.edit.restoreVersion('/papers/plan.txt', { version: 1 }, signal));
console.log(`restored: ${await read('/papers/plan.txt')}`);

// A moment is a time, or the seq of a head that was seen.
const moment = drive.space.head();
await put('/papers/plan.txt', 'overwritten by mistake');
must(await drive.edit.move('/papers/plan.txt', '/papers/wrong name.txt', signal));
await put('/papers/junk.txt', 'junk');
const { changed, failed } = must(await drive.edit.rewind('/papers', moment, signal));
console.log(`rewound: ${changed} changes, ${failed.length} failed`);
for (const { path } of must(drive.list('/papers')).entries) console.log(path, await read(path));
