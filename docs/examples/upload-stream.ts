/**
 * Signs up, then uploads what a stream yields: node docs/examples/upload-stream.ts SERVER FOLDER [FILE]
 * Any iterable of bytes will do; no more than a few packs of it are in memory at a time.
 */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exampleArguments, must, openProfile } from './profile.ts';

const [server, folder, file = fileURLToPath(import.meta.url)] = exampleArguments();
// Whoever calls this aborts it: what is under way ends, and what was committed stays.
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

using profile = await openProfile(server, folder, stop.signal);
const { drive } = profile;
const put = must(
  await drive.put(
    `/uploads/${basename(file)}`,
    createReadStream(file),
    { makeParents: true },
    stop.signal,
  ),
);
console.log(`${put.path}: ${put.node.size} bytes, content ${put.node.written?.number}`);
