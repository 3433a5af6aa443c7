/** Goal: whatever happens to an account's keys, the chain answers as a plain list of events would. */
import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { bytesToHex, IntegrityError, parseId, type Bytes, type DeviceId } from '../core/index.ts';
import { createNodeOpenSuite } from '../suites/node-open.ts';
import { extendKeyChain, judgeKeyChainPin, verifyKeyChain, type KeyChain } from './key-chain.ts';
import {
  certifyDevice,
  signKeyChainEntry,
  signKeyChainGenesis,
  signNewIdentity,
} from './open/key-chain.ts';

const suite = await createNodeOpenSuite();
const firstSeed = suite.randomBytes(32);
const { account, entry: genesis } = signKeyChainGenesis(suite, {
  identitySeed: firstSeed,
  nonce: suite.randomBytes(32),
  kem: suite.randomBytes(1216),
  time: 1,
});
const DEVICES = Array.from({ length: 4 }, (_, i) => parseId<DeviceId>(`${i + 1}0`.repeat(16)));

const [FIRST = parseId<DeviceId>('ff'.repeat(16))] = DEVICES;

type Step =
  | { readonly kind: 'add'; readonly device: DeviceId }
  | { readonly kind: 'revoke'; readonly device: DeviceId }
  | { readonly kind: 'kem' | 'identity' };

const device = fc.constantFrom(...DEVICES);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), device }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('revoke' as const), device }) },
  fc.record({ kind: fc.constantFrom('kem' as const, 'identity' as const) }),
);
const steps = fc.array(step, { maxLength: 12 });

/** The chain after those of `asked` that are legal in their place, and what each of them was. */
function play(asked: readonly Step[]): {
  readonly chain: KeyChain;
  readonly done: readonly Step[];
} {
  let chain = verifyKeyChain(suite, account, [genesis]);
  let seed: Bytes = firstSeed;
  const done: Step[] = [];
  for (const one of asked) {
    const newSeed = suite.randomBytes(32);
    try {
      chain = extend(chain, one, { old: seed, new: newSeed });
    } catch (error) {
      assert.ok(error instanceof IntegrityError);
      continue;
    }
    if (one.kind === 'identity') seed = newSeed;
    done.push(one);
  }
  return { chain, done };
}

function extend(chain: KeyChain, one: Step, seeds: { old: Bytes; new: Bytes }): KeyChain {
  if (one.kind === 'identity') {
    return extendKeyChain(suite, chain, [signNewIdentity(suite, chain, seeds, 2)]);
  }
  if (one.kind === 'add') {
    const keys = {
      device: one.device,
      publicKey: suite.randomBytes(32),
      kem: suite.randomBytes(1216),
    };
    return certifyDevice(suite, {
      chain,
      identitySeed: seeds.old,
      device: keys,
      expires: null,
      time: 2,
    });
  }
  const change =
    one.kind === 'revoke'
      ? ({ type: 'device-revoked', device: one.device } as const)
      : ({ type: 'kem-changed', kem: suite.randomBytes(1216) } as const);
  return extendKeyChain(suite, chain, [
    signKeyChainEntry(suite, chain, seeds.old, { time: 2, change }),
  ]);
}

test('a device is certified exactly between its entry and its revocation', () => {
  fc.assert(
    fc.property(steps, (asked) => {
      const { chain, done } = play(asked);
      assert.equal(chain.seq, done.length);
      for (let seq = 0; seq <= done.length; seq++) {
        const said = (kind: 'add' | 'revoke', id: DeviceId): boolean =>
          done
            .slice(0, seq)
            .some((one) => 'device' in one && one.kind === kind && one.device === id);
        const certified = DEVICES.filter((id) => said('add', id) && !said('revoke', id));
        const found = DEVICES.filter((id) => chain.deviceAt(id, seq) !== undefined);
        assert.deepEqual(found, certified, `at ${seq}`);
      }
      const atHead = DEVICES.filter((id) => chain.deviceAt(id, chain.seq) !== undefined);
      assert.deepEqual(
        chain
          .devices()
          .map((one) => one.device)
          .sort(),
        atHead,
      );
      assert.equal(chain.deviceAt(FIRST, chain.seq + 1), undefined);
    }),
    { numRuns: 60 },
  );
});

test('a chain read in any two parts is the chain read at once', () => {
  fc.assert(
    fc.property(steps, fc.nat({ max: 12 }), (asked, cut) => {
      const { chain } = play(asked);
      const at = 1 + (cut % chain.entries.length);
      const start = verifyKeyChain(suite, account, chain.entries.slice(0, at));
      const whole = extendKeyChain(suite, start, chain.entries.slice(at));
      assert.equal(whole.head, chain.head);
      assert.deepEqual(whole.devices(), chain.devices());
      assert.equal(bytesToHex(whole.identity), bytesToHex(chain.identity));
      const pin = { identity: start.identity, seq: start.seq, head: start.head };
      const isSame = bytesToHex(whole.identity) === bytesToHex(start.identity);
      assert.equal(judgeKeyChainPin(whole, pin), isSame ? 'extends' : 'identity-changed');
    }),
    { numRuns: 40 },
  );
});

test('a chain with one entry left out, doubled, swapped or changed is refused', () => {
  fc.assert(
    fc.property(
      steps,
      fc.nat(),
      fc.nat(),
      fc.constantFrom('drop', 'double', 'swap', 'flip'),
      (asked, a, b, kind) => {
        const { chain } = play(asked);
        const entries = [...chain.entries];
        const at = a % entries.length;
        const entry = entries[at] as Bytes;
        if (kind === 'drop') {
          fc.pre(at < entries.length - 1);
          entries.splice(at, 1);
        } else if (kind === 'double') {
          entries.splice(at, 0, entry);
        } else if (kind === 'swap') {
          fc.pre(at < entries.length - 1);
          entries.splice(at, 2, entries[at + 1] as Bytes, entry);
        } else {
          const index = b % entry.length;
          entries[at] = entry.with(index, (entry[index] ?? 0) ^ (1 << (b % 8)));
        }
        assert.throws(() => verifyKeyChain(suite, account, entries), IntegrityError);
      },
    ),
    { numRuns: 150 },
  );
});
