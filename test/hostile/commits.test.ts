/**
 * A server that lies about history and contents, to real processes: fields of a commit changed, commits dropped,
 * replayed, reordered, an old head served, chunks changed. The client refuses with exit 7, touches nothing, and is
 * right again once the server is honest.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseRecoveryWords } from '@coffer/sdk';
import { createKeyFile } from '@coffer/sdk/node';
import { decode, encode } from 'cborg';
import {
  Device,
  PASSWORD,
  ServerProcess,
  settle,
  TemporaryFolder,
  treeOf,
} from '../e2e/harness.ts';
import { mutateLeaves } from './cbor-mutations.ts';
import { assertNothingLeaked, keysOf, textsOf } from './leaks.ts';
import { HONEST, HostileProxy, type Mutation } from './proxy.ts';

const EMAIL = 'grace@example.org';
const SECRET = 'nanoseconds on a wire';
type CommitsAnswer = [
  era: number,
  head: number,
  commits: [Uint8Array, Uint8Array, Uint8Array | null][],
];

const isCommits = (path: string): boolean => /\/commits\?/.test(path);

/** Changes answers that carry at least one commit. */
function onCommits(change: (answer: CommitsAnswer) => Uint8Array): Mutation {
  return ({ path, status, body }) => {
    if (!isCommits(path) || status !== 200) return { status, body };
    const answer = decode(body) as CommitsAnswer;
    return { status, body: answer[2].length === 0 ? body : Buffer.from(change(answer)) };
  };
}

test('lies about history are refused, harm nothing and leave no trace', async (t) => {
  using base = new TemporaryFolder();
  await using proxy = await HostileProxy.start();
  await using server = await ServerProcess.start(join(base.path, 'server'), {
    publicUrl: proxy.url,
  });
  proxy.upstream = server.url;
  const laptop = new Device(base.path, 'laptop');
  const desktop = new Device(base.path, 'desktop');
  await laptop.signUp(proxy.url, EMAIL);
  await desktop.signIn(proxy.url, EMAIL);
  await laptop.do('sync', 'add', laptop.folder, '/');
  await desktop.do('sync', 'add', desktop.folder, '/');
  mkdirSync(join(laptop.folder, 'folder'));
  writeFileSync(join(laptop.folder, 'folder/first'), SECRET);
  await settle(laptop, desktop);

  let honest: CommitsAnswer | undefined;
  proxy.answerWith(({ path, status, body }) => {
    if (isCommits(path) && status === 200 && (decode(body) as CommitsAnswer)[2].length > 0) {
      honest = decode(body) as CommitsAnswer;
      return undefined; // Seen, not delivered: the desktop stays behind.
    }
    return { status, body };
  });
  writeFileSync(join(laptop.folder, 'folder/second'), `${SECRET} again`);
  await laptop.sync();
  renameSync(join(laptop.folder, 'folder/first'), join(laptop.folder, 'renamed'));
  await laptop.sync();
  await desktop.run('sync', 'now', '--timeout', '3');
  assert.ok(honest !== undefined && honest[2].length >= 2, 'two commits wait');
  const before = treeOf(desktop.folder);

  async function refuses(name: string, mutation: Mutation): Promise<void> {
    await t.test(name, async () => {
      proxy.answerWith(mutation);
      const { code, stderr } = await desktop.run('sync', 'now', '--timeout', '20');
      assert.ok(proxy.fired > 0, 'the lie was told');
      assert.equal(code, 7, stderr);
      assert.match(stderr, /^coffer: .+\./);
      assert.deepEqual(treeOf(desktop.folder), before);
    });
  }

  const [era, head, commits] = honest;
  const fields = mutateLeaves(encode(commits[0])).filter(({ path }) => !path.startsWith('/2:/'));
  assert.ok(fields.length >= 12, `${fields.length} fields of a commit`);
  for (const { path, bytes } of fields) {
    await refuses(
      `a commit whose field ${path} is changed`,
      onCommits(([e, h, [, ...rest]]) => encode([e, h, [decode(bytes), ...rest]])),
    );
  }
  await refuses(
    'a commit whose body has one bit flipped',
    onCommits(([e, h, [first, ...rest]]) => {
      assert.ok(first?.[2]);
      const body = Uint8Array.from(first[2]);
      const at = body.length >> 1;
      body[at] = (body[at] ?? 0) ^ 4;
      return encode([e, h, [[first[0], first[1], body], ...rest]]);
    }),
  );
  await refuses(
    'the first of two commits left out',
    onCommits(([e, h, [, ...rest]]) => encode([e, h, rest])),
  );
  await refuses(
    'two commits in the other order',
    onCommits(([e, h, list]) => encode([e, h, list.toReversed()])),
  );
  await refuses(
    'the same commit twice',
    onCommits(([e, h, [first, ...rest]]) => encode([e, h, [first, first, ...rest]])),
  );
  await refuses(
    'an answer that is cut short',
    onCommits((answer) => encode(answer).subarray(0, -9)),
  );
  await refuses(
    'bytes after the answer',
    onCommits((answer) => Buffer.concat([encode(answer), Buffer.from([0])])),
  );

  await t.test('the honest answer is taken afterwards and everything is there', async () => {
    proxy.answerWith(HONEST);
    assert.equal((await desktop.run('sync', 'now')).code, 0);
    assert.deepEqual(treeOf(desktop.folder), treeOf(laptop.folder));
    assert.deepEqual(
      [era, head].map((n) => typeof n),
      ['number', 'number'],
    );
  });

  await refusesRollback(t, desktop, proxy);
  await refusesContents(t, [laptop, desktop], proxy);

  await t.test('no name, content, password or key left the clients', async () => {
    const words = readFileSync(join(laptop.home, 'words.txt'), 'utf8');
    const recoveryKey = parseRecoveryWords(words);
    assert.ok(recoveryKey !== undefined);
    const texts = [SECRET, 'folder/first', 'second', 'renamed', PASSWORD, desktop.folder];
    assertNothingLeaked(proxy.sent, textsOf(...texts, words.trim()), { recoveryKey });
    for (const { home } of [laptop, desktop]) {
      const secrets = await createKeyFile(join(home, 'device.json')).load();
      assert.ok(secrets !== undefined);
      assertNothingLeaked(proxy.sent, keysOf(secrets));
    }
  });
});

/** The head that the desktop saw long ago, served as the newest. */
async function refusesRollback(
  t: test.TestContext,
  desktop: Device,
  proxy: HostileProxy,
): Promise<void> {
  await t.test('an old head is refused as a rollback', async () => {
    const before = treeOf(desktop.folder);
    proxy.answerWith(({ path, status, body }) => {
      if (isCommits(path) && status === 200) {
        const [era] = decode(body) as CommitsAnswer;
        return { status, body: Buffer.from(encode([era, 2, []])) };
      }
      if (path.endsWith('/head') && status === 200) {
        const head = JSON.parse(body.toString()) as { seq: number };
        return { status, body: Buffer.from(JSON.stringify({ ...head, seq: 2 })) };
      }
      return { status, body };
    });
    const { code, stderr } = await desktop.run('sync', 'now', '--timeout', '20');
    assert.ok(proxy.fired > 0, 'the lie was told');
    assert.equal(code, 7, stderr);
    assert.match(stderr, /^coffer: .+\./);
    assert.deepEqual(treeOf(desktop.folder), before);
    proxy.answerWith(HONEST);
    assert.equal((await desktop.run('sync', 'now')).code, 0);
  });
}

/** Honest commits, and another content than they name. */
async function refusesContents(
  t: test.TestContext,
  [laptop, desktop]: readonly [Device, Device],
  proxy: HostileProxy,
): Promise<void> {
  writeFileSync(join(laptop.folder, 'folder/second'), `${SECRET} for the third time`);
  await laptop.sync();
  const before = treeOf(desktop.folder);
  const lies: Readonly<Record<string, (body: Buffer) => Buffer>> = {
    'a chunk with one bit flipped': (body) => {
      const changed = Buffer.from(body);
      changed.writeUInt8(changed.readUInt8(body.length - 5) ^ 1, body.length - 5);
      return changed;
    },
    'a chunk that is cut short': (body) => body.subarray(0, -9),
  };
  for (const [name, lie] of Object.entries(lies)) {
    await t.test(name, async () => {
      proxy.answerWith(({ path, status, body }) => ({
        status,
        body: path.endsWith('/read') && status === 200 ? lie(body) : body,
      }));
      const { code, stderr } = await desktop.run('sync', 'now', '--timeout', '20');
      assert.ok(proxy.fired > 0, 'the lie was told');
      assert.equal(code, 7, stderr);
      assert.match(stderr, /^coffer: .+\./);
      assert.deepEqual(treeOf(desktop.folder), before);
    });
  }
  await t.test('the honest content is taken afterwards', async () => {
    proxy.answerWith(HONEST);
    assert.equal((await desktop.run('sync', 'now')).code, 0);
    assert.deepEqual(treeOf(desktop.folder), treeOf(laptop.folder));
  });
}
