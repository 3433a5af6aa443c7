/** What a window asks of a profile, from nobody signed in to a folder that syncs, and out again. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { ControlCommandName } from '@coffer/native-worker/contract';
import { nodeHost } from '@coffer/native-worker/host';
import { createProfileTarget } from '@coffer/native-worker/profile';
import { PASSWORD, ServerProcess, TemporaryFolder } from './harness.ts';

const EMAIL = 'grace@example.org';
const NEVER = new AbortController().signal;

test('a profile answers a window before anybody is signed in, while, and after', async (t) => {
  using base = new TemporaryFolder();
  await using server = await ServerProcess.start(join(base.path, 'server'));
  const home = join(base.path, 'home');
  const folder = join(base.path, 'folder');
  mkdirSync(home);
  mkdirSync(join(folder, 'photos'), { recursive: true });
  writeFileSync(join(folder, 'photos', 'a'), 'twelve bytes');
  const target = createProfileTarget({
    place: { keysFile: join(home, 'device.json'), databaseFile: join(home, 'engine.db') },
    host: nodeHost(),
    choices: () => ({}),
    log: () => undefined,
    hold: async () => ({ [Symbol.dispose]: () => undefined }),
  });
  t.after(() => target.stop(8000));
  const call = (name: ControlCommandName, input: unknown = {}): Promise<unknown> =>
    target.call(name, input, NEVER);
  const words = { server: server.url, email: EMAIL, password: PASSWORD, deviceName: 'window' };

  await t.test('nobody is signed in: only what needs no engine is answered', async () => {
    assert.equal(await target.start(), undefined);
    assert.deepEqual(await call('account'), { signedIn: false });
    await assert.rejects(call('usage'), { code: 'not-signed-in' });
    await assert.rejects(call('status'), { code: 'not-signed-in' });
    await assert.rejects(call('signOut'), { code: 'not-signed-in' });
    await assert.rejects(call('localFolders', { path: 7 }), { code: 'malformed' });
    const listing = (await call('localFolders', { path: base.path })) as {
      readonly parent: string;
      readonly folders: readonly { readonly name: string }[];
    };
    assert.deepEqual(
      listing.folders.map(({ name }) => name),
      ['folder', 'home', 'server'],
    );
    await assert.rejects(call('localFolders', { path: join(base.path, 'none') }), {
      code: 'not-found',
    });
  });

  await t.test('an address is checked before anything is typed into it', async () => {
    assert.deepEqual(await call('checkServer', { server: server.url }), { server: server.url });
    await assert.rejects(call('checkServer', { server: 'no address' }), { code: 'usage' });
    await assert.rejects(call('checkServer', { server: 'http://example.org' }), {
      code: 'refused',
    });
    await assert.rejects(call('checkServer', { server: 'http://127.0.0.1:1' }), {
      code: 'network',
    });
  });

  await t.test('signing up gives the words once and starts the engine', async () => {
    await assert.rejects(call('signUp', { ...words, password: 'short' }), { code: 'usage' });
    await assert.rejects(call('signIn', words), { code: 'wrong-password' });
    const made = (await call('signUp', words)) as { readonly recoveryWords: readonly string[] };
    assert.equal(made.recoveryWords.length, 24);
    await assert.rejects(call('signUp', words), { code: 'already-signed-in' });
    const account = (await call('account')) as { readonly email: string };
    assert.equal(account.email, EMAIL);
  });

  await t.test('the engine, the drive and the events are behind the same calls', async () => {
    const kinds = new Set<string>();
    const stop = target.subscribe(({ event }) => kinds.add(event.kind));
    await call('addPair', { local: folder, remote: '/' });
    const summary = (await call('syncNow')) as { readonly settled: boolean };
    assert.ok(summary.settled);
    assert.deepEqual(await call('remoteFolders', { path: '/' }), [
      { name: 'photos', path: '/photos', bytes: 12 },
    ]);
    await assert.rejects(call('remoteFolders', { path: '/none' }), { code: 'not-found' });
    const usage = (await call('usage')) as { readonly usedBytes: number };
    assert.ok(usage.usedBytes > 0);
    assert.ok(kinds.has('activity'), [...kinds].join(' '));
    stop();
  });

  await t.test('signing out forgets the device; signing in makes a new one', async () => {
    await call('signOut');
    assert.deepEqual(await call('account'), { signedIn: false });
    await assert.rejects(call('usage'), { code: 'not-signed-in' });
    await call('signIn', words);
    const pairs = (await call('listPairs')) as readonly { readonly local: string }[];
    assert.deepEqual(
      pairs.map(({ local }) => local),
      [folder],
      'the synced folders come back',
    );
    const summary = (await call('syncNow')) as { readonly settled: boolean; uploaded: unknown };
    assert.deepEqual(
      { settled: summary.settled, uploaded: summary.uploaded },
      { settled: true, uploaded: { files: 0, bytes: 0, bytesSent: 0 } },
    );
    assert.deepEqual(await call('remoteFolders', { path: '/' }), [
      { name: 'photos', path: '/photos', bytes: 12 },
    ]);
  });
});
