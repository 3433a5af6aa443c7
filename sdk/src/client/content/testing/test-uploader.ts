/** What the tests of the uploader set up. */
import { createCipheriv, createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createChunker } from '@coffer/protocol/content/open';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { ContentUploader, type ContentUploaderOptions } from '../content-uploader.ts';
import { MemoryContentApi } from './memory-content-api.ts';

export const suite = await createNodeOpenSuite();
export const contentKey = new Uint8Array(32).fill(1);
export const chunker = createChunker(suite, new Uint8Array(32).fill(2));

/** An uploader before a server in memory. */
export function setUp(options: Partial<ContentUploaderOptions> = {}) {
  const api = new MemoryContentApi(suite);
  const uploader = new ContentUploader({
    suite,
    api,
    chunker,
    clock: { now: () => Date.now(), sleep: (ms) => sleep(ms) },
    contentKeys: () => [contentKey],
    startSha256: () => createHash('sha256'),
    ...options,
  });
  return { api, uploader };
}

export function seededBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  return new Uint8Array(stream.update(Buffer.alloc(length)));
}
