import { bytesToHex, hexToBytes, idFromBytes, parseId, type LinkId } from '@coffer/protocol/core';
import {
  deriveLinkKeys,
  formatLink,
  openLinkPayload,
  parseLink,
  sealLinkPayload,
  type LinkAddress,
} from '@coffer/protocol/model/open';
import { defineFormat, Refusal, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Input = {
  readonly address: string;
  readonly password: string | null;
  readonly rev: number;
  readonly payload: string;
};

const NOT_OPEN = 'open-failed: a sealed object (link) does not open';

/** Links: address, keys, payload. */
export const links = defineFormat<Input>({
  name: 'link',
  about: 'Addresses of public links, what follows from them, and their payload: §7.',
  cases: (suite) => {
    const id16 = <T extends string>(): T => bytesToHex(suite.randomBytes(16)) as T;
    const link: LinkAddress = {
      origin: 'https://drive.example',
      id: idFromBytes<LinkId>(suite.randomBytes(16)),
      secret: suite.randomBytes(32),
    };
    const payload = {
      space: id16(),
      node: id16(),
      kind: 'file',
      kr: 9,
      nodeKey: suite.randomBytes(32),
      flags: 0,
      owner: id16(),
      ownerIdentity: suite.ed25519PublicKey(suite.randomBytes(32)),
      pinnedSeq: 41,
      pinnedCommit: bytesToHex(suite.randomBytes(32)),
    } as Parameters<typeof sealLinkPayload>[3];
    const input = (password: string | null, rev: number): Input => {
      const { key } = deriveLinkKeys(suite, link, password ?? undefined);
      const sealed = sealLinkPayload(suite, key, { id: link.id, rev }, payload);
      return { address: formatLink(link), password, rev, payload: bytesToHex(sealed) };
    };
    const open = input(null, 1);
    const { address } = open;
    const wrong = (name: string, change: Partial<Input>, refused: string): CaseInput<Input> => ({
      name,
      unlike: 'without a password',
      refused,
      input: { ...open, ...change },
    });
    const zeroId = address.replace(/\/s\/.{22}/, `/s/${'A'.repeat(22)}`);
    const otherSecret = formatLink({ ...link, secret: suite.randomBytes(32) });
    // Sealed under one spelling of the password, opened with another one.
    const withPassword = { ...input('A\u030a tall horse', 2), password: '\u00c5 tall horse' };
    return [
      { name: 'without a password', input: open },
      { name: 'with a password', input: withPassword },
      {
        ...wrong('no password', { ...withPassword, password: null }, NOT_OPEN),
        unlike: 'with a password',
      },
      wrong('another secret', { address: otherSecret }, NOT_OPEN),
      wrong('another revision', { rev: 2 }, NOT_OPEN),
      wrong('a flipped bit of the payload', { payload: flipBit(open.payload, -1) }, NOT_OPEN),
      wrong(
        'an address of version 2',
        { address: address.replace('#1.', '#2.') },
        'unknown-version',
      ),
      wrong('an address a digit too short', { address: address.slice(0, -1) }, 'not-a-link'),
      wrong(
        'an address with a digit whose last bits are not zero',
        { address: `${address.slice(0, -1)}_` },
        'not-a-link',
      ),
      wrong('an address with a reserved id', { address: zeroId }, 'not-a-link'),
    ];
  },
  read: (suite, { address, password, rev, payload }) => {
    const parsed = parseLink(address);
    if (!parsed.ok) throw new Refusal(parsed.error);
    const { id } = parsed.value;
    const { key, proof } = deriveLinkKeys(suite, parsed.value, password ?? undefined);
    const opened = openLinkPayload(suite, key, { id: parseId(id), rev }, hexToBytes(payload));
    return {
      id,
      key: bytesToHex(key),
      proof: bytesToHex(proof),
      payload: {
        ...opened,
        nodeKey: bytesToHex(opened.nodeKey),
        ownerIdentity: bytesToHex(opened.ownerIdentity),
      },
    };
  },
});
