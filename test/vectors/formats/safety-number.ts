import { bytesToHex, hexToBytes, parseId, type AccountId } from '@coffer/protocol/core';
import { safetyNumber } from '@coffer/protocol/model/open';
import { defineFormat, Refusal } from '../vector.ts';

type Person = { readonly account: string; readonly identity: string };
type Input = { readonly one: Person; readonly other: Person; readonly compared: string };

/** Safety numbers. */
export const safetyNumbers = defineFormat<Input>({
  name: 'safety-number',
  about:
    'The 60 digits that two people compare: §8. Refused here: other digits than those compared.',
  cases: (suite) => {
    const person = (): Person => ({
      account: bytesToHex(suite.randomBytes(16)),
      identity: bytesToHex(suite.ed25519PublicKey(suite.randomBytes(32))),
    });
    const [alice, bob, mallory] = [person(), person(), person()];
    const compared = safetyNumber(suite, read(alice), read(bob));
    const forged = { ...bob, identity: mallory.identity };
    return [
      { name: 'Alice with Bob', input: { one: alice, other: bob, compared } },
      { name: 'Bob with Alice', input: { one: bob, other: alice, compared } },
      {
        name: "Alice with Bob's account and another key",
        unlike: 'Alice with Bob',
        refused: 'other digits',
        input: { one: alice, other: forged, compared },
      },
    ];
  },
  read: (suite, { one, other, compared }) => {
    const digits = safetyNumber(suite, read(one), read(other));
    if (digits !== compared) throw new Refusal('other digits');
    return digits;
  },
});

function read({ account, identity }: Person): { account: AccountId; identity: Uint8Array } {
  return { account: parseId<AccountId>(account), identity: hexToBytes(identity) };
}
