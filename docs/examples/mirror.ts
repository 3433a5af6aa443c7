/**
 * Watches a drive and mirrors its files into a local folder: node docs/examples/mirror.ts SERVER FOLDER
 * One way only. What syncs both ways, with everything that can go wrong there, is the engine.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exampleArguments, must, openProfile } from './profile.ts';

const [server, folder] = exampleArguments();
const mirror = join(folder, 'mirror');
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
using profile = await openProfile(server, folder, stop.signal);
const { drive } = profile;
const mirrored = new Map<string, number>();

async function bringNew(): Promise<void> {
  await drive.refresh(stop.signal);
  for (const { path, node } of must(drive.list('/', { recursive: true })).entries) {
    if (node.kind !== 'file' || mirrored.get(path) === node.rev) continue;
    const parts: Buffer[] = [];
    const sink = { write: (bytes: Uint8Array) => void parts.push(Buffer.from(bytes)) };
    // Only what was verified as a whole gets a name on the disk.
    must(await drive.get(path, sink, {}, stop.signal));
    mkdirSync(dirname(join(mirror, path)), { recursive: true });
    writeFileSync(join(mirror, path), Buffer.concat(parts));
    mirrored.set(path, node.rev);
    console.log(`mirrored ${path}`);
    if (path === '/watched.txt') stop.abort();
  }
}

// One pull at a time; heads that move meanwhile bring one more.
let pulling: Promise<void> = Promise.resolve();
const pullNext = (): void => {
  pulling = pulling.then(bringNew);
  pulling.catch(() => stop.abort());
};
let isWritten = false;
await drive.events({
  signal: stop.signal,
  onHead: pullNext,
  onOpen: () => {
    // What moved before the stream was open is not told: look once now.
    pullNext();
    if (isWritten) return;
    isWritten = true;
    // Another device would do this: here the example writes what it then hears about.
    const text = new TextEncoder().encode('heard of\n');
    void drive.put('/watched.txt', [text], { makeParents: false }, AbortSignal.timeout(30_000));
  },
});
await pulling.catch((error: unknown) => {
  if (!stop.signal.aborted) throw error;
});
console.log(readFileSync(join(mirror, 'watched.txt'), 'utf8').trimEnd());
