/**
 * What a server can do while an account changes: to passwords, rotations, recoveries, pairings and second
 * factors. It holds all answers; it must get in nowhere, learn nothing and be found out.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { CALLS, decodeJson, encodeJson, type AnswerOf, type CallName } from '@coffer/protocol/api';
import { utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import { verifyKeyChain } from '@coffer/protocol/model';
import {
  createDeviceSecrets,
  createPairing,
  devicePublicKeys,
  sealPairingAnswer,
  sealPairingOffer,
} from '@coffer/protocol/model/open';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import {
  accountStatus,
  changePassword,
  confirmSignUp,
  deleteAccount,
  endSecondFactor,
  joinByPairing,
  openDrive,
  openPairing,
  parsePairing,
  parseRecoveryWords,
  recoverAccount,
  rotateKeys,
  signUp,
  startSecondFactor,
  type AccountPorts,
  type DeviceSecrets,
  type Drive,
  type KeyStore,
} from '@coffer/sdk';
import { startNodeSha256, systemRandom, yieldNodeTurn } from '@coffer/sdk/node';
import { createMemoryKeyStore, createMemorySpaceStore } from '@coffer/sdk/testing';
import { createMemoryServer } from '@coffer/server/testing';
import { EvilServer, HONEST, type Mutate } from './evil-server.ts';
import { JumpingClock, refusalOf, signal } from './evil-world.ts';
import { assertNothingLeaked, keysOf, textsOf } from './leaks.ts';

const suite = await createNodeOpenSuite();
const EMAIL = 'lise@example.org';
const PASSWORD = 'protactinium ninety-one';
const NEXT_PASSWORD = 'meitnerium one hundred nine';
const QUICK = { attemptsMax: 2, delayMsMin: 1, delayMsMax: 1 };

type Bundle = AnswerOf<'accountBundle'>;

class Scene implements AsyncDisposable {
  readonly clock = new JumpingClock();
  readonly evil: EvilServer;
  readonly origin: string;
  /** All that must not be in what was sent. */
  readonly keys: Record<string, Bytes> = {};

  private constructor(server: EvilServer['honest'], clock: JumpingClock) {
    this.evil = new EvilServer(server);
    this.origin = server.origin;
    this.clock = clock;
  }

  static async create(): Promise<Scene> {
    const clock = new JumpingClock();
    return new Scene(await createMemoryServer({ clock, random: systemRandom }), clock);
  }

  ports(keyStore: KeyStore): AccountPorts {
    const { clock, evil } = this;
    const connect = () => evil.transport;
    return { connect, keyStore, suite, clock, random: systemRandom, retry: QUICK };
  }

  /** A new account with its first device, and its words. */
  async account(email = EMAIL) {
    const keyStore = createMemoryKeyStore();
    const input = { server: this.origin, email, password: PASSWORD, deviceName: 'laptop' };
    const made = await signUp(this.ports(keyStore), input, signal);
    assert.ok(made.ok);
    const { secrets, recoveryWords, recoveryKey } = made.value;
    Object.assign(this.keys, keysOf(secrets), { [`recovery key of ${email}`]: recoveryKey });
    const drive = await this.open(secrets, keyStore);
    return { drive, keyStore, secrets, recoveryKey, recoveryWords };
  }

  open(secrets: DeviceSecrets, keyStore: KeyStore): Promise<Drive> {
    return openDrive(
      {
        ...this.ports(keyStore),
        transport: this.evil.transport,
        secrets,
        store: createMemorySpaceStore(),
        startSha256: startNodeSha256,
        yieldTurn: yieldNodeTurn,
        platform: 'test',
      },
      signal,
    );
  }

  /** Told `lie`, `action` refuses; the code of its error, or of its refusal. */
  async refused(lie: Mutate, action: () => Promise<unknown>, claim: string): Promise<string> {
    this.evil.tell(lie);
    let value: unknown;
    const thrown = await refusalOf(async () => void (value = await action()), claim);
    assert.ok(this.evil.fired > 0, `${claim}: the lie was told`);
    this.evil.tell(HONEST);
    if (thrown !== undefined) return thrown;
    const outcome = value as { readonly ok: boolean; readonly error?: { readonly code: string } };
    assert.equal(outcome.ok, false, `${claim}: was believed`);
    return outcome.error?.code ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const texts = textsOf(PASSWORD, NEXT_PASSWORD);
    assertNothingLeaked(this.evil.sent, this.keys, texts);
    await this.evil.honest.close();
  }
}

const on =
  (call: CallName, answer: (body: Bytes) => ReturnType<Mutate>): Mutate =>
  (exchange) =>
    exchange.call === call && exchange.status === 200 ? answer(exchange.body) : undefined;

const onBundle = (change: (bundle: Bundle) => Bundle): Mutate =>
  on('accountBundle', (body) => {
    const { answer } = CALLS.accountBundle;
    return encodeJson(answer, change(decodeJson(answer, body)));
  });

const bundleOf = async ({ own }: Drive): Promise<Bundle> =>
  own.session.run((token) => own.api.call('accountBundle', { token }, signal), signal);

const devicesOf = async (drive: Drive): Promise<number> => {
  const { chain } = await bundleOf(drive);
  return verifyKeyChain(suite, drive.account, chain).devices().length;
};

test('T8 a server between two devices that pair joins no device of its own', async () => {
  await using scene = await Scene.create();
  const { drive } = await scene.account();
  const devices = await devicesOf(drive);
  const waiting = await openPairing(drive.own, signal);
  const secret = parsePairing(waiting.text)?.secret;
  assert.ok(secret);
  Object.assign(scene.keys, { 'pairing secret': secret }, textsOf(waiting.words.join(' ')));
  const { id } = createPairing(suite, secret, scene.origin);
  const guessed = createPairing(suite, suite.randomBytes(11), scene.origin);
  const intruder = createDeviceSecrets(suite);
  const { answer } = CALLS.pairingOffer;
  const keys = devicePublicKeys(suite, intruder);
  for (const pairing of [guessed, { id, key: guessed.key }]) {
    const offer = sealPairingOffer(suite, pairing, keys);
    const lie = on('pairingOffer', () => encodeJson(answer, { offer }));
    const code = await scene.refused(lie, () => waiting.wait(signal), 'an offer of its own');
    assert.equal(code, 'open-failed');
  }
  assert.equal(await devicesOf(drive), devices);
});

test('T8 T13 a device that pairs takes no account but the one that the other device has', async () => {
  await using scene = await Scene.create();
  const { drive } = await scene.account();
  const mallory = await scene.account('mallory@example.org');
  const foreign = await bundleOf(mallory.drive);
  const other = verifyKeyChain(suite, mallory.drive.account, foreign.chain);
  const lies: readonly (readonly [claim: string, codes: readonly string[], lie: Mutate])[] = [
    ['an answer of its own', ['open-failed'], on('pairingAnswer', () => {
      const guessed = createPairing(suite, suite.randomBytes(11), scene.origin);
      const given = {
        account: mallory.drive.account,
        identity: other.identity,
        chainHead: other.head,
        device: devicePublicKeys(suite, createDeviceSecrets(suite)),
        accountKey: { generation: 1, key: suite.randomBytes(32) },
      };
      const answer = sealPairingAnswer(suite, guessed, given);
      return encodeJson(CALLS.pairingAnswer.answer, { answer });
    })],
    ['the chain of another account', ['chain-broken'], onBundle(() => foreign)],
    ['the bundle of another account', ['signature-invalid'], onBundle((own) => ({ ...own, bundle: foreign.bundle }))],
    ['a chain without the new device', ['chain-broken'], onBundle((own) => ({ ...own, chain: own.chain.slice(0, -1) }))],
  ]; // prettier-ignore
  for (const [claim, codes, lie] of lies) {
    const waiting = await openPairing(drive.own, signal);
    const secret = parsePairing(waiting.text)?.secret;
    assert.ok(secret);
    const keyStore = createMemoryKeyStore();
    const input = { server: scene.origin, secret, deviceName: 'phone' };
    // The lies are for the new device: the other one is answered first.
    const isFirst = { toWaiting: true };
    const told: Mutate = (exchange) => {
      if (exchange.call === 'answerPairing') isFirst.toWaiting = false;
      return isFirst.toWaiting ? undefined : lie(exchange);
    };
    const joined = async (): Promise<unknown> => {
      const [, outcome] = await Promise.all([
        waiting.wait(signal),
        joinByPairing(scene.ports(keyStore), input, signal),
      ]);
      return outcome;
    };
    const code = await scene.refused(told, joined, claim);
    assert.ok(codes.includes(code), `${claim}: ${code}`);
    assert.equal(await keyStore.load(), undefined, claim);
  }
});

test('T1 T13 T39 no change of the keys is built on keys that the server made, cut or kept back', async () => {
  await using scene = await Scene.create();
  const { drive, secrets } = await scene.account();
  const first = await bundleOf(drive);
  const yes = async (): Promise<boolean> => true;
  const rotation = { password: PASSWORD, revoke: [], confirmWords: yes };
  assert.ok((await rotateKeys(drive.own, rotation, signal)).ok);
  const mallory = await scene.account('mallory@example.org');
  const foreign = await bundleOf(mallory.drive);
  const change = { password: PASSWORD, newPassword: NEXT_PASSWORD };
  const actions = {
    'a new password': () => changePassword(drive.own, change, signal),
    'new words': () => rotateKeys(drive.own, rotation, signal),
  };
  const lies: Readonly<Record<string, readonly [code: string, lie: Mutate]>> = {
    'the keys before the rotation': ['head-rolled-back', onBundle(() => first)],
    'the old bundle alone': [
      'head-rolled-back',
      onBundle((now) => ({ ...now, bundle: first.bundle })),
    ],
    'another account': ['chain-broken', onBundle(() => foreign)],
    'a doubled entry': [
      'chain-broken',
      onBundle((now) => ({ ...now, chain: [...now.chain, ...now.chain.slice(-1)] })),
    ],
  };
  for (const [what, action] of Object.entries(actions)) {
    for (const [claim, [code, lie]] of Object.entries(lies)) {
      assert.equal(await scene.refused(lie, action, `${what}: ${claim}`), code);
      scene.clock.time += 3600_000;
    }
  }
  const status = await accountStatus(drive.own, signal);
  assert.equal(status.name, secrets.email);
});

test('T4 T78 words open no account but their own, and a recovery that breaks off leaves nothing here', async () => {
  await using scene = await Scene.create();
  const { drive, recoveryKey } = await scene.account();
  const mallory = await scene.account('mallory@example.org');
  const foreign = await bundleOf(mallory.drive);
  const first = await bundleOf(drive);
  const keyStore = createMemoryKeyStore();
  const input = {
    server: scene.origin,
    email: EMAIL,
    recoveryKey,
    newPassword: NEXT_PASSWORD,
    deviceName: 'rescue',
    revokeOthers: false,
    confirmWords: async (words: readonly string[]) => {
      Object.assign(scene.keys, { 'new words': parseRecoveryWords(words.join(' ')) });
      return true;
    },
  };
  const recover = () => recoverAccount(scene.ports(keyStore), input, signal);
  const onRecovery = (change: (said: AnswerOf<'recoveryBundle'>) => object): Mutate =>
    on('recoveryBundle', (body) => {
      const { answer } = CALLS.recoveryBundle;
      const said = decodeJson(answer, body);
      return encodeJson(answer, { ...said, ...change(said) });
    });
  const lies: readonly (readonly [string, readonly string[], Mutate])[] = [
    ['keys of another account', ['chain-broken'], onRecovery(() => foreign)],
    [
      'another account whole',
      ['chain-broken'],
      onRecovery(() => ({ ...foreign, account: mallory.drive.account })),
    ],
    ['another bundle', ['signature-invalid'], onRecovery(() => ({ bundle: foreign.bundle }))],
    [
      'another account from the start',
      ['wrong-recovery-key'],
      on('signInStart', (body) => {
        const { answer } = CALLS.signInStart;
        const account = mallory.drive.account;
        return encodeJson(answer, { ...decodeJson(answer, body), account });
      }),
    ],
    ['other keys at the end', ['chain-broken', 'signature-invalid'], onBundle(() => foreign)],
    ['no password', ['malformed'], on('registerPassword', () => registrationOfNobody())],
  ];
  for (const [claim, codes, lie] of lies) {
    scene.clock.time += 24 * 3600_000;
    const code = await scene.refused(lie, recover, claim);
    assert.ok(codes.includes(code), `${claim}: ${code}`);
    assert.equal(await keyStore.load(), undefined, claim);
  }
  scene.clock.time += 24 * 3600_000;
  const unseen = { ...input, confirmWords: async () => false };
  const unconfirmed = await recoverAccount(scene.ports(keyStore), unseen, signal);
  assert.deepEqual(unconfirmed, { ok: false, error: { code: 'confirmation-needed' } });
  assert.equal(await keyStore.load(), undefined, 'nobody has the new words');
  assert.deepEqual(await bundleOf(drive), first, 'the account is as it was');
  scene.clock.time += 24 * 3600_000;
  assert.ok((await recover()).ok);
});

function registrationOfNobody(): Bytes {
  return encodeJson(CALLS.registerPassword.answer, { response: 'A'.repeat(86) });
}

test('T7 answers of another form to any change of the account are refused and leave it as it was', async () => {
  await using scene = await Scene.create();
  const { drive } = await scene.account();
  const { own } = drive;
  const confirmWords = async (): Promise<boolean> => true;
  const proof = { password: PASSWORD };
  const confirmed = async (): Promise<unknown> => {
    const started = await startSecondFactor(own, proof, signal);
    return started.ok ? started.value.confirm('000000', signal) : started;
  };
  const paired = async (): Promise<unknown> => {
    const waiting = await openPairing(own, signal);
    const secret = parsePairing(waiting.text)?.secret ?? new Uint8Array();
    const input = { server: scene.origin, secret, deviceName: 'phone' };
    const [waited, joined] = await Promise.allSettled([
      waiting.wait(signal),
      joinByPairing(scene.ports(createMemoryKeyStore()), input, signal),
    ]);
    for (const side of [waited, joined]) if (side.status === 'rejected') throw side.reason;
    return joined.status === 'fulfilled' ? joined.value : undefined;
  };
  const change = { ...proof, newPassword: NEXT_PASSWORD };
  const actions: readonly (readonly [CallName, () => Promise<unknown>])[] = [
    ['registerPassword', () => changePassword(own, change, signal)],
    ['recoveryBundle', () => recoverNobody(scene)],
    ['startSecondFactor', confirmed],
    ['openPairing', paired],
    ['pairingOffer', paired],
    ['offerPairing', paired],
    ['pairingAnswer', paired],
    ['answerPairing', paired],
    ['account', () => accountStatus(own, signal)],
    ['endSecondFactor', () => endSecondFactor(own, proof, signal)],
    ['confirmSecondFactor', confirmed],
    ['signUpConfirm', () => confirmSignUp(scene.ports(createMemoryKeyStore()), named(scene), signal)],
    ['replaceKeys', () => rotateKeys(own, { ...proof, revoke: [], confirmWords }, signal)],
    ['deleteAccount', () => deleteAccount(own, proof, signal)],
  ]; // prettier-ignore
  for (const [call, action] of actions) {
    for (const body of ['', '{"more":1}', '[]']) {
      scene.clock.time += 24 * 3600_000;
      const lie: Mutate = (exchange) =>
        exchange.call === call ? { status: 200, body: utf8ToBytes(body) } : undefined;
      const code = await scene.refused(lie, action, `${call}: ${body}`);
      assert.equal(code, 'malformed', `${call}: ${body}`);
      if (call === 'deleteAccount') return;
    }
  }
});

const named = ({ origin }: Scene) => ({ server: origin, email: EMAIL, code: '123456' });

async function recoverNobody(scene: Scene): Promise<unknown> {
  const input = {
    server: scene.origin,
    email: EMAIL,
    recoveryKey: new Uint8Array(32).fill(5),
    newPassword: NEXT_PASSWORD,
    deviceName: 'rescue',
    revokeOthers: false,
    confirmWords: async () => true,
  };
  return recoverAccount(scene.ports(createMemoryKeyStore()), input, signal);
}
