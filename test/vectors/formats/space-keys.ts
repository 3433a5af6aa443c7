import {
  bytesToHex,
  hexToBytes,
  parseId,
  type AccountId,
  type SpaceId,
} from '@coffer/protocol/core';
import type { WholeSuite } from '@coffer/protocol/crypto';
import type { MemberRecord, Role, SpaceRecord } from '@coffer/protocol/model';
import {
  addEpoch,
  contentKey,
  itemSealingKey,
  newestEpochKey,
  noteKey,
  openNotes,
  openSpaceKeys,
  rootKey,
  sealMemberEnvelope,
  sealNotes,
  sealOldEpochs,
  trashKey,
  type SpaceKeys,
} from '@coffer/protocol/model/open';
import { toPlainJson } from '../plain-json.ts';
import { defineFormat, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Input = {
  readonly space: string;
  readonly account: string;
  readonly role: Role;
  readonly epoch: number;
  readonly kemSeeds: readonly string[];
  readonly envelope: string;
  readonly oldEpochs: string;
  /** Sealed note of a commit of this account, with its device and seq; or null. */
  readonly note: { readonly device: string; readonly seq: number; readonly sealed: string } | null;
};

/** What a member opens a space with. */
export const spaceKeys = defineFormat<Input>({
  name: 'space-keys',
  about: 'Envelope, old epochs, derived keys and commit notes of a space: §3, §4.',
  cases: makeCases,
  read: (suite, input) => {
    const keys = openSpaceKeys(
      suite,
      spaceOf(input),
      memberOf(input),
      input.kemSeeds.map(hexToBytes),
    );
    const epochKey = newestEpochKey(keys);
    return toPlainJson({
      epochs: keys.epochKeys,
      chunkerKey: keys.chunkerKey,
      rootKey: rootKey(suite, epochKey),
      trashKey: trashKey(suite, epochKey),
      contentKey: contentKey(suite, epochKey),
      noteKey: noteKey(suite, epochKey),
      itemKey: itemSealingKey(suite, epochKey),
      notes: notesOf(suite, keys, input),
    });
  },
});

function notesOf(
  suite: WholeSuite,
  keys: SpaceKeys,
  input: Input,
): ReturnType<typeof openNotes> | null {
  if (input.note === null) return null;
  const { device, seq, sealed } = input.note;
  const place = {
    space: parseId<SpaceId>(input.space),
    account: parseId<AccountId>(input.account),
  };
  return openNotes(suite, keys, { ...place, device: parseId(device), seq }, hexToBytes(sealed));
}

/** Of both records these fields alone are used here. */
function spaceOf({ space, epoch, oldEpochs }: Input): SpaceRecord {
  const used = { space: parseId<SpaceId>(space), epoch, oldEpochs: hexToBytes(oldEpochs) };
  return used as Partial<SpaceRecord> as SpaceRecord;
}

function memberOf({ space, account, role, epoch, envelope }: Input): MemberRecord {
  const place = { space: parseId<SpaceId>(space), account: parseId<AccountId>(account) };
  const used = { ...place, role, epoch, envelope: hexToBytes(envelope) };
  return used as Partial<MemberRecord> as MemberRecord;
}

const CLOSED = 'open-failed: no key of the account opens the envelope of the space';
const OLDS_CLOSED = 'open-failed: a sealed object (old-epochs) does not open';
const NOTE_CLOSED = 'open-failed: a sealed object (commit-note) does not open';

function makeCases(suite: WholeSuite): readonly CaseInput<Input>[] {
  const seed = suite.randomBytes(32);
  const kem = suite.kemPublicKey(seed);
  const space = parseId<SpaceId>(bytesToHex(suite.randomBytes(16)));
  const account = parseId<AccountId>(bytesToHex(suite.randomBytes(16)));
  const device = bytesToHex(suite.randomBytes(16));
  const first: SpaceKeys = {
    epoch: 1,
    epochKeys: new Map([[1, suite.randomBytes(32)]]),
    chunkerKey: suite.randomBytes(32),
  };
  const second = addEpoch(suite, first, 6);
  const input = (keys: SpaceKeys, role: Role): Input => ({
    space,
    account,
    role,
    epoch: keys.epoch,
    kemSeeds: [bytesToHex(seed)],
    envelope: bytesToHex(
      sealMemberEnvelope(suite, kem, { space, epoch: keys.epoch, account, role }, keys),
    ),
    oldEpochs: bytesToHex(sealOldEpochs(suite, space, keys)),
    note: null,
  });
  const noted = (seq: number): Input => {
    const place = { space, account, device: parseId<never>(device), seq };
    const hold = { kind: 'approved-hold', batch: 'ab'.repeat(16), nodes: 812 } as const;
    const sealed = bytesToHex(sealNotes(suite, second, place, [hold]));
    return { ...input(second, 'editor'), note: { device, seq, sealed } };
  };
  const good = input(second, 'viewer');
  const note = noted(6);
  const other = bytesToHex(suite.randomBytes(32));
  const wrong = (name: string, refused: string, change: Partial<Input>): CaseInput<Input> => ({
    name,
    unlike: 'the second epoch of a viewer',
    refused,
    input: { ...good, ...change },
  });
  const badNote = (
    name: string,
    change: Partial<NonNullable<Input['note']>>,
  ): CaseInput<Input> => ({
    name,
    unlike: 'a note under the second epoch',
    refused: NOTE_CLOSED,
    input: { ...note, note: { device, seq: 6, sealed: note.note?.sealed ?? '', ...change } },
  });
  return [
    { name: 'the first epoch of an owner', input: input(first, 'owner') },
    { name: 'the second epoch of a viewer', input: good },
    {
      name: 'an older key of the account',
      input: { ...good, kemSeeds: [other, bytesToHex(seed)] },
    },
    { name: 'a note under the first epoch', input: noted(5) },
    { name: 'a note under the second epoch', input: note },
    wrong('another seed', CLOSED, { kemSeeds: [other] }),
    wrong('no seed', CLOSED, { kemSeeds: [] }),
    wrong('another role', CLOSED, { role: 'editor' }),
    wrong('another epoch', CLOSED, { epoch: 7 }),
    wrong('another account', CLOSED, { account: flipBit(account, 15) }),
    wrong('another space', CLOSED, { space: flipBit(space, 15) }),
    wrong('a flipped bit of the envelope', CLOSED, { envelope: flipBit(good.envelope, -1) }),
    wrong('a flipped bit of the old epochs', OLDS_CLOSED, {
      oldEpochs: flipBit(good.oldEpochs, -1),
    }),
    badNote('a note of an earlier commit', { seq: 5 }),
    badNote('a note of another device', { device: flipBit(device, 15) }),
    badNote('a flipped bit of the note', { sealed: flipBit(note.note?.sealed ?? '', -1) }),
  ];
}
