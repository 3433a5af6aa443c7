/** Pairing (protocol §2), on the device that is signed in: it lets a new one into the account. */
import {
  equalBytes,
  err,
  IntegrityError,
  ok,
  type DeviceId,
  type Result,
} from '@coffer/protocol/core';
import type { DevicePublicKeys, KeyChain } from '@coffer/protocol/model';
import {
  createPairing,
  openPairingOffer,
  PAIRING_WORDS_SIZE_BYTES,
  sealPairingAnswer,
  type OpenedAccount,
  type Pairing,
} from '@coffer/protocol/model/open';
import { isRefusal } from '../../ports/index.ts';
import type { AccountRefusal } from './account-ports.ts';
import { appendDevice } from './new-device.ts';
import { openOwnAccount, untilUnraced, type OwnAccount } from './own-account.ts';
import { pairingText, pairingWords } from './pairing-words.ts';

/** How often the other device's message is asked for. */
export const PAIRING_POLL_MS = 1000;

/** A place where a new device may come in, open for two minutes. */
export interface WaitingPairing {
  /** For the person: to be typed on the new device. */
  readonly words: readonly string[];
  /** For a QR code. */
  readonly text: string;
  /** Unix ms by the server's clock. */
  readonly expiresAt: number;
  /**
   * Waits for the new device and lets it in. `timeout`: none came in two minutes. Throws faults, and
   * IntegrityError for an offer that was not made with the words: somebody interferes.
   */
  readonly wait: (signal: AbortSignal) => Promise<Result<PairedDevice, AccountRefusal>>;
}

/** The device that was let in. */
export interface PairedDevice {
  readonly device: DeviceId;
}

/** Opens a place at the server where a new device can leave its offer, once. */
export async function openPairing(own: OwnAccount, signal: AbortSignal): Promise<WaitingPairing> {
  const secret = own.suite.randomBytes(PAIRING_WORDS_SIZE_BYTES);
  const { server } = own.secrets;
  const pairing = createPairing(own.suite, secret, server);
  const body = { pairing: pairing.id };
  const { expiresAt } = await own.session.run(
    (token) => own.api.call('openPairing', { token, body }, signal),
    signal,
  );
  return {
    words: pairingWords(secret),
    text: pairingText(server, secret),
    expiresAt,
    wait: (until) => waitForDevice(own, pairing, until),
  };
}

async function waitForDevice(
  own: OwnAccount,
  pairing: Pairing,
  signal: AbortSignal,
): Promise<Result<PairedDevice, AccountRefusal>> {
  const params = { pairing: pairing.id };
  for (;;) {
    try {
      const { offer } = await own.session.run(
        (token) => own.api.call('pairingOffer', { token, params }, signal),
        signal,
      );
      if (offer !== null) return ok(await letIn(own, pairing, offer, signal));
    } catch (error) {
      // The place is gone: its two minutes are over.
      if (isRefusal(error, 'not-found')) return err({ code: 'timeout' });
      throw error;
    }
    await own.clock.sleep(PAIRING_POLL_MS, signal);
  }
}

async function letIn(
  own: OwnAccount,
  pairing: Pairing,
  offer: Parameters<typeof openPairingOffer>[2],
  signal: AbortSignal,
): Promise<PairedDevice> {
  const { suite, api, session } = own;
  const device = openPairingOffer(suite, pairing, offer);
  const { opened, chain } = await session.run(
    (token) => untilUnraced(() => addDevice(own, token, device, signal)),
    signal,
  );
  const { account, accountKey } = opened;
  const { identity, head: chainHead } = chain;
  const answered = { account, identity, chainHead, device, accountKey };
  const answer = sealPairingAnswer(await suite.whole(), pairing, answered);
  const given = { params: { pairing: pairing.id }, body: { answer } };
  await session.run((token) => api.call('answerPairing', { ...given, token }, signal), signal);
  return { device: device.device };
}

/** Certifies the device, unless an attempt whose answer was lost did so. */
async function addDevice(
  own: OwnAccount,
  token: string,
  device: DevicePublicKeys,
  signal: AbortSignal,
): Promise<{ readonly opened: OpenedAccount; readonly chain: KeyChain }> {
  const { chains } = own;
  const stored = await own.api.call('accountBundle', { token }, signal);
  const opened = await openOwnAccount(own, stored);
  const { chain } = opened;
  const known = chain.deviceAt(device.device, chain.seq);
  if (known !== undefined) {
    if (equalBytes(known.publicKey, device.publicKey)) return { opened, chain };
    throw new IntegrityError('chain-broken', 'the new device has the id of another one');
  }
  const current = { opened, bundle: stored.bundle };
  const longer = await appendDevice(own, token, current, device, signal);
  chains.put(longer);
  return { opened, chain: longer };
}
