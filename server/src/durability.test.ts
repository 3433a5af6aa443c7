/** What the server has acknowledged is there after it was killed in the middle of its work. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  decodeJson,
  decodeReadFrame,
  encodeIds,
  headAnswer,
  type BodyId,
} from '@coffer/protocol/api';
import { encodeSealedCommit } from '@coffer/protocol/model';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { createHttpHandle } from './testing/http-handle.ts';
import { signedInPerson, type Person } from './testing/person.ts';
import { ServerProcess } from './testing/server-process-handle.ts';
import { packOf } from './testing/space-writer.ts';
import { makeCall, type Handle } from './testing/test-client.ts';

const WRITERS = 6;
const ROUNDS = 2;

/** What one writer was told to be safe. */
interface Acknowledged {
  seq: number;
  readonly bodies: BodyId[];
}

/** Packs and commits until the server is gone. Keeps only what was answered. */
async function writeUntilGone(handle: Handle, person: Person, told: Acknowledged): Promise<void> {
  const { drive, token } = person;
  const params = { space: drive.space };
  for (let i = 0; ; i++) {
    try {
      const content = new TextEncoder().encode(`${person.name} ${told.seq} ${i}`);
      const file = drive.file(`${told.seq}-${i}`, [content]);
      const pack = await makeCall(handle, 'storePack', {
        token,
        params,
        bytes: packOf(file.bodies),
      });
      assert.equal(pack.status, 200);
      told.bodies.push(...file.bodies.map(({ id }) => id));
      const commit = drive.commit([file.change]);
      const bytes = encodeSealedCommit(commit.commit);
      const reply = await makeCall(handle, 'propose', { token, params, bytes });
      assert.equal(reply.status, 200, reply.code);
      drive.accept(commit);
      told.seq = commit.head.seq;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return;
    }
  }
}

async function check(handle: Handle, person: Person, told: Acknowledged): Promise<void> {
  const { drive, token } = person;
  const params = { space: drive.space };
  const head = decodeJson(headAnswer, (await makeCall(handle, 'head', { token, params })).bytes);
  // One commit may have been made without its answer arriving.
  assert.ok(head.seq === told.seq || head.seq === told.seq + 1, `${head.seq} for ${told.seq}`);
  if (head.seq === told.seq) assert.equal(head.id, drive.head.id);
  const ids = told.bodies.slice(-500);
  const read = await makeCall(handle, 'read', { token, params, bytes: encodeIds(ids) });
  let at = 0;
  for (const id of ids) {
    const frame = decodeReadFrame(read.bytes.subarray(at, at + 36));
    assert.deepEqual([frame.id, frame.lengthBytes], [id, 256 + 52]);
    at += 36 + frame.lengthBytes;
  }
}

test(
  'a server killed in the middle of commits keeps every one that it has acknowledged',
  { timeout: 120_000 },
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'coffer-durability-'));
    const suite = await createNodeOpenSuite();
    let commits = 0;
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const first = await ServerProcess.start(dataDir);
        const handle = createHttpHandle(first.url);
        const options = { suite, handle, origin: first.url, time: 0 };
        const people = await Promise.all(
          Array.from({ length: WRITERS }, (_, i) =>
            signedInPerson({ ...options, name: `writer-${round}-${i}@example.org` }),
          ),
        );
        const told = people.map((): Acknowledged => ({ seq: 1, bodies: [] }));
        const writing = people.map((person, i) =>
          writeUntilGone(handle, person, told[i] ?? { seq: 0, bodies: [] }),
        );
        // By what was done, not by time: on a busy machine nothing would have been.
        const wanted = WRITERS * 3 + 7 * round;
        while (told.reduce((sum, { seq }) => sum + seq - 1, 0) < wanted) await sleep(3);
        await first.kill();
        await Promise.all(writing);

        const second = await ServerProcess.start(dataDir);
        const again = createHttpHandle(second.url);
        for (const [i, person] of people.entries()) {
          await check(again, person, told[i] ?? { seq: 0, bodies: [] });
          commits += (told[i]?.seq ?? 1) - 1;
        }
        await second.kill();
      }
      assert.ok(commits >= ROUNDS * WRITERS * 3, `only ${commits} commits before the kills`);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  },
);
