/**
 * Reads a part of a large file: node docs/examples/read-range.ts SERVER FOLDER
 * Only the chunks that the range lies in travel; each is verified before its bytes are handed out.
 */
import { exampleArguments, must, openProfile } from './profile.ts';

const [server, folder] = exampleArguments();
const { signal } = new AbortController();
using profile = await openProfile(server, folder, signal);
const { drive } = profile;

const SIZE = 24 * 1024 * 1024;
must(await drive.put('/large.bin', numbers(SIZE), { makeParents: false }, signal));

const before = drive.space.bytesOnWire().received;
const parts: Buffer[] = [];
const range = { offset: SIZE / 2, length: 16 };
// Pieces are views of memory that is used again: what is kept has to be copied.
const sink = { write: (bytes: Uint8Array) => void parts.push(Buffer.from(bytes)) };
must(await drive.get('/large.bin', sink, { range }, signal));
const travelled = drive.space.bytesOnWire().received - before;
console.log(`${Buffer.concat(parts).toString('hex')} of ${SIZE} bytes`);
console.log(travelled < SIZE / 4 ? 'a few chunks travelled' : `${travelled} bytes travelled`);

/** The numbers 0, 1, 2, … as 32 bits each. */
function* numbers(size: number): Generator<Uint8Array> {
  const block = new Uint32Array(64 * 1024);
  for (let at = 0; at < size; at += block.byteLength) {
    for (let i = 0; i < block.length; i++) block[i] = at / 4 + i;
    yield new Uint8Array(block.buffer.slice(0));
  }
}
