import { bytesToHex, hexToBytes, parseId, type AccountId, type Bytes } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
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
const SEAL_FAILED = 'open-failed: a sealed object (account-key) does not open';
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
  suite: OpenSuite,
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

function makeCases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const draft = draftAccount(suite);
  const { account, recoveryKey } = draft;
  const { identitySeed } = draft.secrets;
  const exportKey = suite.randomBytes(64);
  const made = createAccount(suite, draft, { exportKey, time: TIME, deviceExpires: null });
  const second = createDeviceSecrets(suite);
  const keys = devicePublicKeys(suite, second);
  const longer = certifyDevice(suite, {
    chain: made.chain,
    identitySeed,
    device: keys,
    expires: TIME + 99,
    time: TIME + 1,
  });
  const opened = openAccountByPassword(suite, made, exportKey);
  const withSecond = { bundle: addDeviceToBundle(suite, opened, keys), chain: longer };
  const newExportKey = suite.randomBytes(64);
  const changed = { bundle: changePassword(suite, opened, newExportKey), chain: made.chain };
  const given = {
    exportKey: suite.randomBytes(64),
    recoveryKey: suite.randomBytes(32),
    time: TIME + 2,
  };
  const before = openAccountByPassword(suite, withSecond, exportKey);
  const rotated = rotateAccountKey(suite, before, { ...given, revoke: [second.device] });

  const password = (key: Bytes): OpenWith => ({ exportKey: bytesToHex(key) });
  const recovery = (key: Bytes): OpenWith => ({ recoveryKey: bytesToHex(key) });
  const device = ({ device: id, seed, kemSeed }: DeviceSecrets): OpenWith => ({
    device: { device: id, seed: bytesToHex(seed), kemSeed: bytesToHex(kemSeed) },
  });
  const input = (
    source: { readonly bundle: Bytes; readonly chain: KeyChain },
    by: OpenWith,
  ): Input => ({
    account,
    chain: source.chain.entries.map(bytesToHex),
    bundle: bytesToHex(source.bundle),
    with: by,
  });
  const decoded = decodeAccountBundle(made.bundle);
  const resigned = (change: Partial<AccountBundleBody>): Input => {
    const body = encodeAccountBundleBody({ ...decoded, ...change });
    const signature = sign(suite, identitySeed, 'account-bundle', body);
    return input(
      { bundle: encodeAccountBundle(body, signature), chain: made.chain },
      password(exportKey),
    );
  };
  const flip = (bytes: Bytes, at: number): Bytes => hexToBytes(flipBit(bytesToHex(bytes), at));
  const good = input(made, password(exportKey));
  const FIRST = 'the first bundle, by password';
  const wrong = (
    name: string,
    refused: string,
    bad: Input,
    unlike: string = FIRST,
  ): CaseInput<Input> => ({ name, unlike, refused, input: bad });
  const envelope = decoded.deviceEnvelopes[0] ?? { device: second.device, envelope: exportKey };
  return [
    { name: FIRST, input: good },
    { name: 'the first bundle, by recovery key', input: input(made, recovery(recoveryKey)) },
    { name: 'the first bundle, by device', input: input(made, device(draft.device)) },
    { name: 'two devices, by the second', input: input(withSecond, device(second)) },
    { name: 'a new password', input: input(changed, password(newExportKey)) },
    { name: 'rotated, by password', input: input(rotated, password(given.exportKey)) },
    { name: 'rotated, by recovery key', input: input(rotated, recovery(given.recoveryKey)) },
    { name: 'rotated, by the device that stayed', input: input(rotated, device(draft.device)) },
    wrong('another password', SEAL_FAILED, { ...good, with: password(newExportKey) }),
    wrong(
      'another recovery key',
      SEAL_FAILED,
      { ...good, with: recovery(given.recoveryKey) },
      'the first bundle, by recovery key',
    ),
    wrong('a flipped bit of the signature', NOT_SIGNED, {
      ...good,
      bundle: flipBit(good.bundle, -1),
    }),
    wrong('the last byte cut off', 'malformed: account bundle: not CBOR', {
      ...good,
      bundle: good.bundle.slice(0, -2),
    }),
    wrong(
      'generation 0',
      'malformed: account bundle: generations start at 1',
      resigned({ generation: 0 }),
    ),
    wrong('generation 2 around the wraps of 1', SEAL_FAILED, resigned({ generation: 2 })),
    wrong(
      'an unknown auth suite',
      'malformed: account bundle: not 1',
      resigned({ authSuite: 2 as 1 }),
    ),
    wrong(
      'a flipped bit of the password wrap',
      SEAL_FAILED,
      resigned({ passwordWrap: flip(decoded.passwordWrap, -1) }),
    ),
    wrong(
      'the recovery wrap in place of the password wrap',
      SEAL_FAILED,
      resigned({ passwordWrap: decoded.recoveryWrap }),
    ),
    wrong(
      'a flipped bit of the secrets',
      'open-failed: a sealed object (account-secrets) does not open',
      resigned({ secrets: flip(decoded.secrets, -1) }),
    ),
    wrong(
      'a device twice',
      'malformed: account bundle: devices do not ascend',
      resigned({ deviceEnvelopes: [envelope, envelope] }),
    ),
    wrong(
      'a chain with a newer KEM key',
      'open-failed: a sealed object (account-secrets) does not open',
      { ...input({ bundle: withSecond.bundle, chain: rotated.chain }, password(exportKey)) },
      'two devices, by the second',
    ),
    wrong(
      'the old password after a rotation',
      SEAL_FAILED,
      input(rotated, password(exportKey)),
      'rotated, by password',
    ),
    wrong(
      'the old recovery key after a rotation',
      SEAL_FAILED,
      input(rotated, recovery(recoveryKey)),
      'rotated, by recovery key',
    ),
    wrong(
      'the revoked device after a rotation',
      'no envelope for this device',
      input(rotated, device(second)),
      'rotated, by the device that stayed',
    ),
    wrong(
      'another seed of the device',
      'open-failed: a sealed object (device-account-key) does not open',
      input(made, device({ ...draft.device, kemSeed: second.kemSeed })),
      'the first bundle, by device',
    ),
  ];
}
