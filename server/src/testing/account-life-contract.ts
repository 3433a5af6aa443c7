import assert from 'node:assert/strict';
import type { NewKeys } from '../stores/metadata-store.ts';
import type { Contract } from './store-contract.ts';
import {
  accountId,
  deviceId,
  digest,
  headAt,
  newAccount,
  proposalTo,
  spaceId,
  text,
} from './store-rows.ts';

const keysOf = (changed: Partial<NewKeys> = {}): NewKeys => ({
  account: accountId('ann'),
  chainLength: 2,
  entries: [text('revoke'), text('new KEM key')],
  added: [],
  revoked: [deviceId('ann')],
  previous: digest('first'),
  bundle: text('second bundle'),
  bundleDigest: digest('second'),
  passwordRecord: 'new record',
  token: digest('own'),
  endsSecondFactor: false,
  now: 9,
  ...changed,
});

/** What a store promises of an account's keys, its second factor and its end. */
export function accountLifeContract(contract: Contract): void {
  contract('keys are replaced with all that belongs to them, or not at all', async (store) => {
    await store.createAccount(newAccount('ann'), digest('first'));
    const account = accountId('ann');
    const session = { account, expiresAt: 1000 };
    for (const [name, device] of [
      ['own', null],
      ['other', null],
      ['lost', deviceId('ann')],
      ['kept', deviceId('kept')],
    ] as const) {
      await store.createSession({ ...session, tokenDigest: digest(name), device }, 1);
    }
    const moved = await store.replaceKeys(keysOf({ previous: digest('older') }));
    assert.deepEqual(moved, { kind: 'bundle-moved' });
    const longer = await store.replaceKeys(keysOf({ chainLength: 3 }));
    assert.deepEqual(longer, { kind: 'chain-moved' });
    assert.equal((await store.getChain(account, 0)).length, 2);
    const outcome = await store.replaceKeys(keysOf({ added: [deviceId('new')] }));
    assert.ok(outcome.kind === 'replaced');
    assert.deepEqual([...outcome.ended].sort(), [digest('lost'), digest('other')].sort());
    assert.equal((await store.getAccount(account))?.passwordRecord, 'new record');
    assert.equal((await store.getChain(account, 0)).length, 4);
    assert.equal((await store.listDevices(account)).length, 2);
    assert.equal(await store.getSession(digest('other')), undefined);
    assert.ok(await store.getSession(digest('own')));
    assert.ok(await store.getSession(digest('kept')));
    const same = keysOf({
      chainLength: 4,
      entries: [],
      previous: digest('second'),
      passwordRecord: undefined,
    });
    assert.equal((await store.replaceKeys(same)).kind, 'replaced');
    assert.equal((await store.getAccount(account))?.passwordRecord, 'new record');
  });

  contract('a second factor counts each step and each backup code once', async (store) => {
    await store.createAccount(newAccount('ann'), digest('first'));
    const account = accountId('ann');
    const nonce = new Uint8Array(16).fill(1);
    const confirmed = { step: 7, backupCodes: [digest('one'), digest('two')] };
    assert.equal(await store.getSecondFactor(account), undefined);
    assert.equal(await store.confirmSecondFactor(account, confirmed), 'refused');
    assert.equal(await store.startSecondFactor(account, new Uint8Array(16)), 'started');
    assert.equal(await store.startSecondFactor(account, nonce), 'started');
    assert.equal(await store.useSecondFactorStep(account, 9), false);
    assert.equal(await store.confirmSecondFactor(account, confirmed), 'confirmed');
    assert.equal(await store.confirmSecondFactor(account, confirmed), 'known');
    const others = { step: 8, backupCodes: [digest('three')] };
    assert.equal(await store.confirmSecondFactor(account, others), 'refused');
    assert.equal(await store.startSecondFactor(account, new Uint8Array(16)), 'on');
    const factor = await store.getSecondFactor(account);
    assert.deepEqual([...(factor?.nonce ?? [])], [...nonce]);
    assert.deepEqual([factor?.isConfirmed, factor?.backupCodesLeft], [true, 2]);
    const steps = await Promise.all(
      [7, 8, 8, 6, 9].map((step) => store.useSecondFactorStep(account, step)),
    );
    assert.deepEqual(steps, [false, true, false, false, true]);
    const codes = await Promise.all(
      ['one', 'one', 'none'].map((code) => store.useBackupCode(account, digest(code))),
    );
    assert.deepEqual(codes, [true, false, false]);
    const recovered = keysOf({ entries: [], revoked: [], endsSecondFactor: true });
    await store.replaceKeys(recovered);
    assert.equal(await store.getSecondFactor(account), undefined);
    await store.startSecondFactor(account, nonce);
    await store.deleteSecondFactor(account);
    assert.equal(await store.getSecondFactor(account), undefined);
  });

  contract(
    'an account that ends leaves no row of its own, and nobody else notices',
    async (store) => {
      await store.createAccount(newAccount('ann'), digest('first'));
      await store.createAccount(newAccount('ben'), digest('ben'));
      const account = accountId('ann');
      await store.createSession(
        { tokenDigest: digest('t'), account, device: deviceId('ann'), expiresAt: 1000 },
        1,
      );
      await store.startSecondFactor(account, new Uint8Array(16));
      const others = spaceId('ben');
      await store.commit(proposalTo(others, headAt(2), { members: [[account, 'editor']] }));
      const members = await store.listMembers(others);
      assert.deepEqual(await store.deleteAccount(account, 5), [digest('t')]);
      assert.deepEqual(await store.deleteAccount(account, 5), []);
      assert.equal(await store.getAccount(account), undefined);
      assert.equal(await store.findAccountByName('ann'), undefined);
      assert.deepEqual(await store.getChain(account, 0), []);
      assert.equal(await store.getHead(spaceId('ann')), undefined);
      assert.deepEqual(
        (await store.listSpaces(account)).map(({ space }) => space),
        [others],
      );
      assert.ok(await store.getHead(others));
      // Signed records say who is a member: the rows say the same until a commit removes one.
      assert.ok(members.includes(account));
      assert.deepEqual(await store.listMembers(others), members);
      assert.equal(await store.countAccounts(), 1);
      assert.equal(await store.createAccount(newAccount('ann'), digest('again')), 'created');
    },
  );
}
