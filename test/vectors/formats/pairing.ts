import {
  bytesToHex,
  hexToBytes,
  idFromBytes,
  parseId,
  type AccountId,
  type Digest,
} from '@coffer/protocol/core';
import {
  createDeviceSecrets,
  createPairing,
  devicePublicKeys,
  openPairedAccountKey,
  openPairingAnswer,
  openPairingOffer,
  sealPairingAnswer,
  sealPairingOffer,
} from '@coffer/protocol/model/open';
import { defineFormat, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Input = {
  readonly origin: string;
  readonly secret: string;
  readonly offer: string;
  readonly answer: string;
  readonly generation: number;
  readonly device: { readonly device: string; readonly seed: string; readonly kemSeed: string };
};

const notOpen = (label: string): string => `open-failed: a sealed object (${label}) does not open`;

/** Pairing: both messages and the account key in the second. */
export const pairings = defineFormat<Input>({
  name: 'pairing',
  about: 'The two messages by which an old device lets a new one in: §2.',
  cases: (suite) => {
    const origin = 'https://drive.example';
    const device = createDeviceSecrets(suite);
    const keys = devicePublicKeys(suite, device);
    const accountKey = { generation: 3, key: suite.randomBytes(32) };
    const account = idFromBytes<AccountId>(suite.randomBytes(16));
    const identity = suite.ed25519PublicKey(suite.randomBytes(32));
    const chainHead = bytesToHex(suite.randomBytes(32)) as Digest;
    const input = (secret: Uint8Array): Input => {
      const pairing = createPairing(suite, secret, origin);
      const given = { account, identity, chainHead, device: keys, accountKey };
      return {
        origin,
        secret: bytesToHex(secret),
        offer: bytesToHex(sealPairingOffer(suite, pairing, keys)),
        answer: bytesToHex(sealPairingAnswer(suite, pairing, given)),
        generation: accountKey.generation,
        device: {
          device: device.device,
          seed: bytesToHex(device.seed),
          kemSeed: bytesToHex(device.kemSeed),
        },
      };
    };
    const good = input(suite.randomBytes(32));
    const wrong = (name: string, label: string, change: Partial<Input>): CaseInput<Input> => ({
      name,
      unlike: 'by QR code',
      refused: notOpen(label),
      input: { ...good, ...change },
    });
    return [
      { name: 'by QR code', input: good },
      { name: 'by eight words', input: input(suite.randomBytes(11)) },
      wrong('another secret', 'pair-offer', { secret: flipBit(good.secret, 0) }),
      wrong('another server', 'pair-offer', { origin: `${origin}:8443` }),
      wrong('a flipped bit of the offer', 'pair-offer', { offer: flipBit(good.offer, -1) }),
      wrong('a flipped bit of the answer', 'pair-accept', { answer: flipBit(good.answer, -1) }),
      wrong('the offer in place of the answer', 'pair-accept', { answer: good.offer }),
      wrong('another generation', 'pair-account-key', { generation: 4 }),
      wrong('another device', 'pair-account-key', {
        device: { ...good.device, kemSeed: flipBit(good.device.kemSeed, 0) },
      }),
    ];
  },
  read: (suite, { origin, secret, offer, answer, generation, device }) => {
    const pairing = createPairing(suite, hexToBytes(secret), origin);
    const offered = openPairingOffer(suite, pairing, hexToBytes(offer));
    const answered = openPairingAnswer(suite, pairing, hexToBytes(answer));
    const own = {
      device: parseId<typeof offered.device>(device.device),
      seed: hexToBytes(device.seed),
      kemSeed: hexToBytes(device.kemSeed),
    };
    const { key } = openPairedAccountKey(suite, answered, own, generation);
    return {
      id: pairing.id,
      device: offered.device,
      publicKey: bytesToHex(offered.publicKey),
      kemDigest: bytesToHex(suite.sha256(offered.kem)),
      account: answered.account,
      identity: bytesToHex(answered.identity),
      chainHead: answered.chainHead,
      accountKey: bytesToHex(key),
    };
  },
});
