import assert from 'node:assert/strict';
import test from 'node:test';
import { extendKeyChain, type KeyChain } from '@coffer/protocol/model';
import {
  certifyDevice,
  createAccount,
  createDeviceSecrets,
  devicePublicKeys,
  draftAccount,
  signNewIdentity,
  type AccountDraft,
} from '@coffer/protocol/model/open';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { createMemorySpaceStore } from '../../testing/index.ts';
import { ChainBook } from './chain-book.ts';

const suite = await createNodeOpenSuite();
const { signal } = new AbortController();
const time = Date.UTC(2030, 0, 1);

function chainOf(draft: AccountDraft): KeyChain {
  const exportKey = suite.randomBytes(64);
  return createAccount(suite, draft, { exportKey, time, deviceExpires: null }).chain;
}

/** A book that knows `known`, at a server that has `served`. */
function bookOf(known: KeyChain, served: KeyChain): ChainBook {
  const fetch = (_: unknown, from: number) => Promise.resolve(served.entries.slice(from));
  const book = new ChainBook(suite, createMemorySpaceStore(), fetch);
  book.put(known);
  return book;
}

test('a chain that hands the account to another identity is not what a restored server has', async () => {
  const draft = draftAccount(suite);
  const { account, secrets } = draft;
  const known = chainOf(draft);
  const seeds = { old: secrets.identitySeed, new: suite.randomBytes(32) };
  const handed = extendKeyChain(suite, known, [signNewIdentity(suite, known, seeds, time)]);
  const book = bookOf(known, handed);
  await assert.rejects(book.fetchAnew(account, signal), { code: 'chain-broken' });
  assert.equal(book.get(account)?.head, known.head);
});

test('a shorter chain of the known identity is answered, and the longer one is kept', async () => {
  const draft = draftAccount(suite);
  const { account, secrets } = draft;
  const shorter = chainOf(draft);
  const longer = certifyDevice(suite, {
    chain: shorter,
    identitySeed: secrets.identitySeed,
    device: devicePublicKeys(suite, createDeviceSecrets(suite)),
    expires: null,
    time,
  });
  const book = bookOf(longer, shorter);
  assert.equal((await book.fetchAnew(account, signal)).head, shorter.head);
  assert.equal(book.get(account)?.head, longer.head);
});
