import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { encodeIds } from '@coffer/protocol/api';
import { encodeSealedCommit } from '@coffer/protocol/model';
import type { HttpRequest } from '../http.ts';
import type { Log } from '../ports.ts';
import { createFixture } from './fixture.ts';
import { makeCall, readReply, type Handle } from './test-client.ts';
import { packOf } from './space-writer.ts';

/** A short life of two people; the digest of everything that was said. */
async function playAndDigest(seed: string): Promise<string> {
  const { server, clock, person } = await createFixture({ seed });
  const said = createHash('sha256');
  const handle: Handle = async (request) => {
    const reply = await readReply(await server.handle(request));
    said.update(JSON.stringify([request.path, reply.status, reply.headers])).update(reply.bytes);
    return { ...reply, body: [reply.bytes] as unknown as AsyncIterable<Uint8Array> };
  };
  for (const name of ['ann@example.org', 'ben@example.org']) {
    const somebody = await person(name);
    const place = { token: somebody.token, params: { space: somebody.drive.space } };
    const files = ['x', 'y'].map((file) => somebody.drive.file(file, [new Uint8Array(9)]));
    const bodies = files.flatMap((file) => file.bodies).slice(0, 1);
    clock.advance(1000);
    await makeCall(handle, 'storePack', { ...place, bytes: packOf(bodies) });
    const { commit } = somebody.drive.commit(files.map(({ change }) => change));
    await Promise.all(
      [0, 1].map(() =>
        makeCall(handle, 'propose', { ...place, bytes: encodeSealedCommit(commit) }),
      ),
    );
    await makeCall(handle, 'read', { ...place, bytes: encodeIds(bodies.map(({ id }) => id)) });
    await makeCall(handle, 'commits', { ...place, query: 'from=1' });
    await makeCall(handle, 'quota', { token: somebody.token });
  }
  await server.close();
  return said.digest('hex');
}

test('all that the server in memory says follows from its seed', async () => {
  const [first, second, other] = [
    await playAndDigest('one'),
    await playAndDigest('one'),
    await playAndDigest('other'),
  ];
  assert.equal(first, second);
  assert.notEqual(first, other);
});

test('the log names no account, token, space or body', async () => {
  const lines: string[] = [];
  const write: Log['info'] = (fields, message) => lines.push(JSON.stringify([fields, message]));
  const { server, person, stranger } = await createFixture({
    seed: 'log',
    log: { info: write, error: write },
  });
  const ann = await person('canary@example.org');
  const place = { token: ann.token, params: { space: ann.drive.space } };
  await makeCall(server.handle, 'head', place);
  await makeCall(server.handle, 'propose', { ...place, bytes: new Uint8Array(3) });
  await stranger('canary@example.org').signUp();
  const request: HttpRequest = {
    method: 'GET',
    path: `/v1/nowhere?token=${ann.token ?? ''}`,
    headers: {},
  };
  await server.handle(request);
  Object.assign(server.store, {
    listSpaces: async () => {
      throw new Error('the disk is gone');
    },
  });
  const failed = await makeCall(server.handle, 'spaces', { token: ann.token });
  assert.deepEqual([failed.status, failed.code], [500, 'internal']);
  assert.ok(!new TextDecoder().decode(failed.bytes).includes('disk'));
  const log = lines.join('\n');
  assert.ok(lines.length >= 8 && log.includes('the disk is gone'));
  const secrets = ['canary', ann.token ?? 'no token', ann.account, ann.drive.space, 'nowhere'];
  for (const secret of secrets) assert.ok(!log.includes(secret), secret);
  await server.close();
});

test('a restart keeps what is stored, and a restore goes back to an earlier head', async () => {
  const { server, person } = await createFixture({ seed: 'restore' });
  const ann = await person('ann@example.org');
  const place = { token: ann.token, params: { space: ann.drive.space } };
  const head = async () => {
    const { json } = await makeCall(server.handle, 'head', place);
    return [json?.['era'], json?.['seq']];
  };
  const before = await server.snapshot();
  const { commit } = ann.drive.commit([ann.drive.file('x', []).change]);
  await makeCall(server.handle, 'propose', { ...place, bytes: encodeSealedCommit(commit) });
  await server.restart();
  assert.deepEqual(await head(), [0, 2]);
  await server.restore(before, { raiseEra: false });
  assert.deepEqual(await head(), [0, 1]);
  await server.restore(before, { raiseEra: true });
  assert.deepEqual(await head(), [1, 1]);
  await server.close();
});
