import { bytesToHex, hexToBytes, parseId, type AccountId, type Bytes } from '@coffer/protocol/core';
import type { WholeSuite } from '@coffer/protocol/crypto';
import { sign } from '@coffer/protocol/crypto/open';
import {
  accountBundleDigest,
  decodeAccountBundle,
  encodeAccountBundle,
  encodeAccountBundleBody,
  verifyKeyChain,
  type AccountBundleBody,
  type KeyChain,
} from '@coffer/protocol/model';
import {
  addDeviceToBundle,
  certifyDevice,
  changePassword,
  createAccount,
  createDeviceSecrets,
  devicePublicKeys,
  draftAccount,
  openAccountByDevice,
  openAccountByPassword,
  openAccountByRecovery,
  recoveryAuth,
  rotateAccountKey,
  type AccountDraft,
  type AccountToOpen,
  type DeviceSecrets,
  type OpenedAccount,
} from '@coffer/protocol/model/open';
import { defineFormat, Refusal, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type OpenWith =
  | { readonly exportKey: string }
  | { readonly recoveryKey: string }
  | {
      readonly device: { readonly device: string; readonly seed: string; readonly kemSeed: string };
    };
type Input = {
  readonly account: string;
  readonly chain: readonly string[];
  readonly bundle: string;
  readonly with: OpenWith;
};

const TIME = 1_800_000_000_000;
const FIRST = 'the first bundle, by password';
const FIRST_RECOVERY = 'the first bundle, by recovery key';
const FIRST_DEVICE = 'the first bundle, by device';
const TWO_DEVICES = 'two devices, by the second';
const ROTATED = 'rotated, by password';
const ROTATED_RECOVERY = 'rotated, by recovery key';
const ROTATED_DEVICE = 'rotated, by the device that stayed';
const NO_WRAP = 'open-failed: a sealed object (account-key) does not open';
const NO_ENVELOPE = 'open-failed: a sealed object (device-account-key) does not open';
const NO_SECRETS = 'open-failed: a sealed object (account-secrets) does not open';
const NOT_SIGNED = 'signature-invalid: account bundle: not signed by the identity';

/** Account bundles, opened in the three ways. */
export const accountBundles = defineFormat<Input>({
  name: 'account-bundle',
  about:
    'Account bundles with the chain beside them, opened by password, recovery key, device: §2.',
  cases: makeCases,
  read: (suite, { account, chain, bundle, with: by }) => {
    const id = parseId<AccountId>(account);
    const source = {
      bundle: hexToBytes(bundle),
      chain: verifyKeyChain(suite, id, chain.map(hexToBytes)),
    };
    const opened = openWith(suite, source, by);
    if (opened === undefined) throw new Refusal('no envelope for this device');
    return {
      digest: accountBundleDigest(suite, source.bundle),
      generation: opened.accountKey.generation,
      accountKey: bytesToHex(opened.accountKey.key),
      identitySeed: bytesToHex(opened.secrets.identitySeed),
      kemSeeds: opened.secrets.kemSeeds.map(bytesToHex),
      devices: opened.bundle.deviceEnvelopes.map(({ device }) => device),
      recoveryAuthDigest: opened.bundle.recoveryAuthDigest,
      ...('recoveryKey' in by
        ? { recoveryAuth: bytesToHex(recoveryAuth(suite, id, hexToBytes(by.recoveryKey))) }
        : {}),
    };
  },
});

function openWith(
  suite: WholeSuite,
  source: AccountToOpen,
  by: OpenWith,
): OpenedAccount | undefined {
  if ('exportKey' in by) return openAccountByPassword(suite, source, hexToBytes(by.exportKey));
  if ('recoveryKey' in by) return openAccountByRecovery(suite, source, hexToBytes(by.recoveryKey));
  const { device, seed, kemSeed } = by.device;
  return openAccountByDevice(suite, source, {
    device: parseId(device),
    seed: hexToBytes(seed),
    kemSeed: hexToBytes(kemSeed),
  });
}

interface Source {
  readonly bundle: Bytes;
  readonly chain: KeyChain;
}

/** One account over its life, and the keys that opened it at each time. */
interface Life {
  readonly suite: WholeSuite;
  readonly draft: AccountDraft;
  readonly second: DeviceSecrets;
  readonly exportKeys: { readonly first: Bytes; readonly changed: Bytes; readonly rotated: Bytes };
  readonly newRecoveryKey: Bytes;
  readonly made: Source;
  readonly changed: Source;
  readonly withSecond: Source;
  /** The second device is revoked in it. */
  readonly rotated: Source;
}

function makeLife(suite: WholeSuite): Life {
  const draft = draftAccount(suite);
  const { identitySeed } = draft.secrets;
  const [first, changed, rotated] = [0, 1, 2].map(() => suite.randomBytes(64));
  if (!first || !changed || !rotated) throw new Error('three keys are drawn');
  const newRecoveryKey = suite.randomBytes(32);
  const made = createAccount(suite, draft, { exportKey: first, time: TIME, deviceExpires: null });
  const opened = openAccountByPassword(suite, made, first);
  const second = createDeviceSecrets(suite);
  const device = devicePublicKeys(suite, second);
  const certified = { identitySeed, device, expires: TIME + 99, time: TIME + 1 };
  const withSecond = {
    bundle: addDeviceToBundle(suite, opened, device),
    chain: certifyDevice(suite, { ...certified, chain: made.chain }),
  };
  return {
    suite,
    draft,
    second,
    exportKeys: { first, changed, rotated },
    newRecoveryKey,
    made,
    changed: { bundle: changePassword(suite, opened, changed), chain: made.chain },
    withSecond,
    rotated: rotateAccountKey(suite, openAccountByPassword(suite, withSecond, first), {
      revoke: [second.device],
      exportKey: rotated,
      recoveryKey: newRecoveryKey,
      time: TIME + 2,
    }),
  };
}

function makeCases(suite: WholeSuite): readonly CaseInput<Input>[] {
  const life = makeLife(suite);
  const { draft, second, exportKeys, newRecoveryKey, made, changed, withSecond, rotated } = life;
  return [
    { name: FIRST, input: input(made, password(exportKeys.first)) },
    { name: FIRST_RECOVERY, input: input(made, recovery(draft.recoveryKey)) },
    { name: FIRST_DEVICE, input: input(made, device(draft.device)) },
    { name: TWO_DEVICES, input: input(withSecond, device(second)) },
    { name: 'a new password', input: input(changed, password(exportKeys.changed)) },
    { name: ROTATED, input: input(rotated, password(exportKeys.rotated)) },
    { name: ROTATED_RECOVERY, input: input(rotated, recovery(newRecoveryKey)) },
    { name: ROTATED_DEVICE, input: input(rotated, device(draft.device)) },
    ...keyCases(life),
    ...bytesCases(life),
    ...bodyCases(life),
  ];
}

function wrong(name: string, unlike: string, refused: string, bad: Input): CaseInput<Input> {
  return { name, unlike, refused, input: bad };
}

/** Right bundles, wrong keys. */
function keyCases(life: Life): readonly CaseInput<Input>[] {
  const { draft, second, exportKeys, newRecoveryKey, made, withSecond, rotated } = life;
  const thief = { ...draft.device, kemSeed: second.kemSeed };
  const mixed = { bundle: withSecond.bundle, chain: rotated.chain };
  const oldPassword = password(exportKeys.first);
  const oldRecovery = recovery(draft.recoveryKey);
  const noEnvelope = 'no envelope for this device';
  return [
    wrong('another password', FIRST, NO_WRAP, input(made, password(exportKeys.changed))),
    wrong('another recovery key', FIRST_RECOVERY, NO_WRAP, input(made, recovery(newRecoveryKey))),
    wrong('another seed of the device', FIRST_DEVICE, NO_ENVELOPE, input(made, device(thief))),
    wrong('a chain with a newer KEM key', TWO_DEVICES, NO_SECRETS, input(mixed, oldPassword)),
    wrong('the old password after a rotation', ROTATED, NO_WRAP, input(rotated, oldPassword)),
    wrong(
      'the old recovery key after a rotation',
      ROTATED_RECOVERY,
      NO_WRAP,
      input(rotated, oldRecovery),
    ),
    wrong(
      'the revoked device after a rotation',
      ROTATED_DEVICE,
      noEnvelope,
      input(rotated, device(second)),
    ),
  ];
}

/** Stored bytes that a server changed. */
function bytesCases({ made, exportKeys }: Life): readonly CaseInput<Input>[] {
  const good = input(made, password(exportKeys.first));
  const flippedEnd = { ...good, bundle: flipBit(good.bundle, -1) };
  const cut = { ...good, bundle: good.bundle.slice(0, -2) };
  return [
    wrong('a flipped bit of the signature', FIRST, NOT_SIGNED, flippedEnd),
    wrong('the last byte cut off', FIRST, 'malformed: account bundle: not CBOR', cut),
  ];
}

/** Bodies that the identity itself signed. */
function bodyCases({ suite, draft, made, exportKeys }: Life): readonly CaseInput<Input>[] {
  const decoded = decodeAccountBundle(made.bundle);
  const [own] = decoded.deviceEnvelopes;
  if (own === undefined) throw new Error('the first device has an envelope');
  const { passwordWrap, recoveryWrap, secrets } = decoded;
  const flip = (bytes: Bytes): Bytes => hexToBytes(flipBit(bytesToHex(bytes), -1));
  const signed = (
    change: Partial<AccountBundleBody>,
    spoil = (body: Bytes): Bytes => body,
  ): Input => {
    const body = spoil(encodeAccountBundleBody({ ...decoded, ...change }));
    const signature = sign(suite, draft.secrets.identitySeed, 'account-bundle', body);
    const bundle = encodeAccountBundle(body, signature);
    return input({ bundle, chain: made.chain }, password(exportKeys.first));
  };
  const version = (number: number): Input => signed({}, (body) => body.with(1, number));
  const malformed = (why: string): string => `malformed: account bundle: ${why}`;
  const twice = { deviceEnvelopes: [own, own] };
  return [
    wrong('version 0', FIRST, malformed('not 1'), version(0)),
    wrong('version 2', FIRST, malformed('not 1'), version(2)),
    wrong('version null', FIRST, malformed('not 1'), version(0xf6)),
    wrong('version "" instead of 1', FIRST, malformed('not 1'), version(0x60)),
    wrong('generation 0', FIRST, malformed('generations start at 1'), signed({ generation: 0 })),
    wrong('generation 2 around the wraps of 1', FIRST, NO_WRAP, signed({ generation: 2 })),
    wrong('an unknown auth suite', FIRST, malformed('not 1'), signed({ authSuite: 2 as 1 })),
    wrong(
      'a flipped bit of the password wrap',
      FIRST,
      NO_WRAP,
      signed({ passwordWrap: flip(passwordWrap) }),
    ),
    wrong(
      'the recovery wrap in place of the password wrap',
      FIRST,
      NO_WRAP,
      signed({ passwordWrap: recoveryWrap }),
    ),
    wrong('a flipped bit of the secrets', FIRST, NO_SECRETS, signed({ secrets: flip(secrets) })),
    wrong('a device twice', FIRST, malformed('devices do not ascend'), signed(twice)),
  ];
}

function password(key: Bytes): OpenWith {
  return { exportKey: bytesToHex(key) };
}

function recovery(key: Bytes): OpenWith {
  return { recoveryKey: bytesToHex(key) };
}

function device({ device: id, seed, kemSeed }: DeviceSecrets): OpenWith {
  return { device: { device: id, seed: bytesToHex(seed), kemSeed: bytesToHex(kemSeed) } };
}

function input({ bundle, chain }: Source, by: OpenWith): Input {
  const entries = chain.entries.map(bytesToHex);
  return { account: chain.account, chain: entries, bundle: bytesToHex(bundle), with: by };
}
