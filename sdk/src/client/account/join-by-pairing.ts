/** Pairing (protocol §2), on the new device: it knows nothing but the words, and no password. */
import {
  equalBytes,
  err,
  IntegrityError,
  ok,
  type Bytes,
  type Result,
} from '@coffer/protocol/core';
import { decodeAccountBundle, verifyKeyChain, type KeyChain } from '@coffer/protocol/model';
import {
  createDeviceSecrets,
  createPairing,
  devicePublicKeys,
  openAccountByDevice,
  openAccountByKey,
  openPairedAccountKey,
  openPairingAnswer,
  sealPairingOffer,
  type DeviceSecrets as DeviceKeys,
  type OpenedAccount,
  type Pairing,
  type PairingAnswer,
} from '@coffer/protocol/model/open';
import type { AnswerOf } from '@coffer/protocol/api';
import type { WholeSuite } from '@coffer/protocol/crypto';
import { isRefusal } from '../../ports/index.ts';
import { ApiClient } from '../api/api-client.ts';
import { Session } from '../api/session.ts';
import { refused, type AccountPorts, type AccountRefusal } from './account-ports.ts';
import { newDeviceSecrets } from './new-device.ts';
import { PAIRING_POLL_MS } from './pair-device.ts';
import type { SignedIn } from './sign-in.ts';

/** What a new device needs to join by pairing. */
export interface JoinInput {
  /** Origin, as `parseServerOrigin` gives it. */
  readonly server: string;
  /** From `parsePairing`. */
  readonly secret: Bytes;
  readonly deviceName: string;
}

/**
 * Joins the account of the device that shows the words, and saves the secrets of this one. `not-found`:
 * no device shows these words; `timeout`: it did not answer. Throws faults, and IntegrityError when what
 * comes back was not made by that device.
 */
export async function joinByPairing(
  ports: AccountPorts,
  { server, secret, deviceName }: JoinInput,
  signal: AbortSignal,
): Promise<Result<SignedIn, AccountRefusal>> {
  if ((await ports.keyStore.load()) !== undefined) return err({ code: 'already-signed-in' });
  const suite = await ports.suite.whole();
  const api = new ApiClient({ ...ports, transport: ports.connect(server) });
  const device = createDeviceSecrets(suite);
  const pairing = createPairing(suite, secret, server);
  try {
    const offer = sealPairingOffer(suite, pairing, devicePublicKeys(suite, device));
    const params = { pairing: pairing.id };
    await api.call('offerPairing', { params, body: { offer } }, signal);
    const answer = await waitForAnswer(ports, api, pairing, signal);
    if (answer === undefined) return err({ code: 'timeout' });
    const { account } = answer;
    const own = { server, account, device: device.device, deviceSeed: device.seed };
    const session = new Session(api, suite, own);
    const stored = await session.run(
      (token) => api.call('accountBundle', { token }, signal),
      signal,
    );
    const { accountKey } = openJoined(suite, stored, answer, device);
    const { name } = await session.run((token) => api.call('account', { token }, signal), signal);
    const place = { server, email: name, account, deviceName };
    const secrets = newDeviceSecrets(ports.random, place, device, accountKey);
    await ports.keyStore.save(secrets);
    return ok({ secrets });
  } catch (error) {
    if (isRefusal(error, 'not-found')) return err({ code: 'not-found' });
    return refused(error);
  }
}

/** Undefined when the place is gone before an answer came. */
async function waitForAnswer(
  { suite, clock }: AccountPorts,
  api: ApiClient,
  pairing: Pairing,
  signal: AbortSignal,
): Promise<PairingAnswer | undefined> {
  const params = { pairing: pairing.id };
  for (;;) {
    try {
      const { answer } = await api.call('pairingAnswer', { params }, signal);
      if (answer !== null) return openPairingAnswer(suite, pairing, answer);
    } catch (error) {
      if (isRefusal(error, 'not-found')) return undefined;
      throw error;
    }
    await clock.sleep(PAIRING_POLL_MS, signal);
  }
}

/** What the server stores has to be what the other device told of. */
function openJoined(
  suite: WholeSuite,
  stored: AnswerOf<'accountBundle'>,
  answer: PairingAnswer,
  device: DeviceKeys,
): OpenedAccount {
  const chain = verifyKeyChain(suite, answer.account, stored.chain);
  if (!equalBytes(chain.identity, answer.identity) || !reaches(chain, answer)) {
    throw new IntegrityError('chain-broken', 'the key chain is not that of the other device');
  }
  const source = { bundle: stored.bundle, chain };
  const { generation } = decodeAccountBundle(stored.bundle);
  const paired = pairedKey(suite, answer, device, generation);
  const opened =
    paired === undefined
      ? openAccountByDevice(suite, source, device)
      : openAccountByKey(suite, source, paired);
  if (opened === undefined) {
    throw new IntegrityError('open-failed', 'the account has no envelope for this device');
  }
  return opened;
}

/** Undefined when the account key was rotated since the other device answered. */
function pairedKey(
  suite: WholeSuite,
  answer: PairingAnswer,
  device: DeviceKeys,
  generation: number,
): ReturnType<typeof openPairedAccountKey> | undefined {
  try {
    return openPairedAccountKey(suite, answer, device, generation);
  } catch (error) {
    if (error instanceof IntegrityError) return undefined;
    throw error;
  }
}

function reaches(chain: KeyChain, { chainHead }: PairingAnswer): boolean {
  for (let seq = chain.seq; seq >= 0; seq--) if (chain.headAt(seq) === chainHead) return true;
  return false;
}
