import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type { WholeSuite } from '@coffer/protocol/crypto';
import { accountBundleDigest, encodeSealedCommit } from '@coffer/protocol/model';
import {
  certifyDevice,
  createDeviceSecrets,
  devicePublicKeys,
  openAccountByKey,
  rotateAccountKey,
} from '@coffer/protocol/model/open';
import { nextTurn } from '../adapters/platform.ts';
import { Failure } from '../failure.ts';
import type { ProposedCommit } from '../services/commit-judge.ts';
import { createFixture } from '../testing/fixture.ts';
import type { NewKeys } from '../stores/metadata-store.ts';
import { metadataStoreContract } from '../testing/metadata-store-contract.ts';
import type { Person } from '../testing/person.ts';
import { newAccount, digest, headAt, proposalTo, spaceId } from '../testing/store-rows.ts';
import { serveWriter } from './serve-writer.ts';
import { openThreadedStore, type WriterPort } from './threaded-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'coffer-writer-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let stores = 0;
const nextFile = () => join(folder, `${stores++}.sqlite`);

/** The same messages without the thread, which takes half a second to start. */
function serveHere(file: string): WriterPort {
  const { port1, port2 } = new MessageChannel();
  serveWriter(port2, file);
  return {
    postMessage: (tasks, moved) => port1.postMessage(tasks, moved),
    onOutcomes: (take) => void port1.on('message', take),
    onEnd: (take) => void port1.once('close', () => take(new Error('the writer has ended'))),
  };
}

metadataStoreContract(
  'SQLite behind a writer',
  async () => openThreadedStore(nextFile(), nextTurn, serveHere).store,
);

test('nothing but the writer thread can write', async () => {
  const { database, store } = openThreadedStore(nextFile(), nextTurn, serveHere);
  await store.createAccount(newAccount('ann'), digest('b'));
  assert.throws(() => database.exec('DELETE FROM spaces'), /readonly/);
  await store.close();
});

test('what is read is durable: a commit shows after its fsync, when its answer comes', async () => {
  const { store } = openThreadedStore(nextFile(), nextTurn);
  await store.createAccount(newAccount('ann'), digest('b'));
  const space = spaceId('ann');
  const before = await store.getHead(space);
  const committed = store.commit(proposalTo(space, headAt(2)));
  assert.deepEqual((await store.getHead(space))?.state, before?.state);
  assert.deepEqual(await committed, { kind: 'accepted' });
  assert.deepEqual((await store.getHead(space))?.state, headAt(2));
  await store.close();
});

/** Somebody's account in a store of its own, and what makes the next commit of its drive. */
async function openWithPerson() {
  const { person, server, suite } = await createFixture({ seed: 'writer' });
  const ann = await person('ann@example.org');
  const file = nextFile();
  writeFileSync(file, (await server.snapshot()).database);
  await server.close();
  const { drive, account, draft } = ann;
  const nextCommit = (): ProposedCommit => {
    const { commit } = drive.commit([drive.file(`${drive.head.seq}`, []).change]);
    const actor = { account, device: draft.device.device };
    return { actor, space: drive.space, bytes: encodeSealedCommit(commit), now: 0 };
  };
  return { ...openThreadedStore(file, nextTurn, serveHere), suite, ann, nextCommit };
}

test('a commit is judged under the key chain as the writes before it left it', async () => {
  const { store, judge, suite, ann, nextCommit } = await openWithPerson();
  // From here on the writer remembers the chain.
  assert.equal((await judge.propose(nextCommit())).seq, 2);
  assert.equal((await store.replaceKeys(revoking(suite, ann))).kind, 'replaced');
  await assert.rejects(judge.propose(nextCommit()), (error) => {
    return error instanceof Failure && error.code === 'device-revoked';
  });
  await store.close();
});

test('a commit is judged and durable before the store closes that was proposed before', async () => {
  const { store, judge, nextCommit } = await openWithPerson();
  const proposed = judge.propose(nextCommit());
  await store.close();
  assert.equal((await proposed).seq, 2);
});

test('a process whose writer thread dies ends, and says why', () => {
  // Preloaded into the thread alone: a defect that nobody foresaw.
  const broken = `import { isMainThread } from 'node:worker_threads';
    if (!isMainThread) setTimeout(() => { throw new Error('broken on purpose'); });`;
  const program = `import { openThreadedStore } from '${import.meta.resolve('./threaded-store.ts')}';
    openThreadedStore(process.argv[1], setImmediate);
    setInterval(() => {}, 1000);`;
  const preload = `data:text/javascript,${encodeURIComponent(broken)}`;
  const args = ['--import', preload, '--eval', program, nextFile()];
  const { status, stderr } = spawnSync(process.execPath, args, { timeout: 20_000 });
  assert.match(stderr.toString(), /^The server ends: .*\(broken on purpose\)\..*acknowledged.*\n$/);
  assert.equal(status, 1);
});

test('a commit that is none is refused in the words of the judge, and what else throws is a fault', async () => {
  const { store, judge } = openThreadedStore(nextFile(), nextTurn, serveHere);
  const account = newAccount('ann');
  await store.createAccount(account, digest('b'));
  const actor = { account: account.id, device: account.device };
  const proposed = { actor, space: spaceId('ann'), bytes: Uint8Array.of(1), now: 0 };
  await assert.rejects(judge.propose(proposed), (error) => {
    return error instanceof Failure && error.code === 'malformed';
  });
  await assert.rejects(store.commit(proposalTo(spaceId('nobody'), headAt(2))), (error) => {
    return error instanceof Failure && error.code === 'internal' && error.cause instanceof Error;
  });
  await store.close();
});

test('what was asked before the end is done, and after it nothing is taken', async () => {
  const file = nextFile();
  const first = openThreadedStore(file, nextTurn).store;
  const created = first.createAccount(newAccount('ann'), digest('b'));
  await first.close();
  assert.equal(await created, 'created');
  await assert.rejects(first.endHold('backup'), /has ended/);
  const second = openThreadedStore(file, nextTurn, serveHere).store;
  assert.equal(await second.countAccounts(), 1);
  await second.close();
});

/** Keys without the person's first device. */
function revoking(suite: WholeSuite, { account, bundle, chain, draft }: Person): NewKeys {
  const opened = openAccountByKey(suite, { bundle, chain }, draft.accountKey);
  assert.ok(opened);
  const longer = certifyDevice(suite, {
    chain,
    identitySeed: opened.secrets.identitySeed,
    device: devicePublicKeys(suite, createDeviceSecrets(suite)),
    expires: null,
    time: 0,
  });
  const revoked = [draft.device.device];
  const secrets = { exportKey: suite.randomBytes(64), recoveryKey: suite.randomBytes(32), time: 0 };
  const rotated = rotateAccountKey(
    suite,
    { ...opened, chain: longer },
    { revoke: revoked, ...secrets },
  );
  return {
    account,
    chainLength: chain.seq + 1,
    entries: rotated.chain.entries.slice(chain.seq + 1),
    added: [],
    revoked,
    previous: accountBundleDigest(suite, bundle),
    bundle: rotated.bundle,
    bundleDigest: accountBundleDigest(suite, rotated.bundle),
    passwordRecord: undefined,
    token: digest('t'),
    endsSecondFactor: false,
    now: 0,
  };
}
