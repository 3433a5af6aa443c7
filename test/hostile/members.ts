/** Other people in a space, and what managers do about them: members, epochs, revoked devices. */
import { CALLS, decodeJson, encodeJson } from '@coffer/protocol/api';
import type { Bytes } from '@coffer/protocol/core';
import {
  extendKeyChain,
  verifyKeyChain,
  type KeyChain,
  type MemberRecord,
  type Role,
} from '@coffer/protocol/model';
import {
  addEpoch,
  sealMemberEnvelope,
  sealOldEpochs,
  signKeyChainEntry,
  type SpaceKeys,
} from '@coffer/protocol/model/open';
import type { DeviceSecrets } from '@coffer/sdk';
import type { MemoryServer } from '@coffer/server/testing';
import { makeAccount } from '../simulation/accounts.ts';
import type { EvilPeer } from './evil-peer.ts';
import type { Mutate } from './evil-server.ts';
import type { EvilWorld } from './evil-world.ts';
import { HonestCalls } from './honest-calls.ts';

export interface Person {
  readonly secrets: DeviceSecrets;
  readonly chain: KeyChain;
  readonly calls: HonestCalls;
}

/** Somebody else with an account at the same server. */
export async function addPerson(world: EvilWorld, name: string): Promise<Person> {
  const { suite, evil, clock } = world;
  const [secrets] = await makeAccount(renaming(evil.honest, name), suite, [name], clock.now());
  if (secrets === undefined) throw new RangeError('an account has a device');
  const calls = new HonestCalls(evil.honest, suite, secrets);
  const path = CALLS.accountBundle.path;
  const { chain } = decodeJson(CALLS.accountBundle.answer, await calls.get('GET', path));
  return { secrets, chain: verifyKeyChain(suite, secrets.account, chain), calls };
}

/** Accounts of a simulation have one name; here each gets its own. */
function renaming(server: MemoryServer, name: string): MemoryServer {
  return {
    ...server,
    handle: (request, until) => {
      const { body } = request;
      const text = body === undefined ? undefined : new TextDecoder().decode(body);
      const renamed = text?.replace('sim@example.org', `${name}@example.org`);
      return server.handle(
        renamed === undefined ? request : { ...request, body: new TextEncoder().encode(renamed) },
        until,
      );
    },
  };
}

/** The record that makes `person` a member, as the peer may sign it. */
export function memberOf(peer: EvilPeer, { chain }: Person, role: Role): MemberRecord {
  const { suite, space, keys } = peer;
  const place = { space, epoch: keys.epoch, account: chain.account, role };
  return {
    type: 'member',
    ...place,
    rev: 1,
    identity: chain.identity,
    chainSeq: chain.seq,
    chainHead: chain.head,
    rotate: false,
    envelope: sealMemberEnvelope(suite, chain.kem, place, keys),
  };
}

/** The records of a new epoch for the peer's account alone, and its keys. */
export function newEpoch(peer: EvilPeer): {
  readonly records: readonly [ReturnType<EvilPeer['spaceRecord']>, MemberRecord];
  readonly keys: SpaceKeys;
} {
  const { suite, space, chain } = peer;
  const seq = (peer.head?.seq ?? 0) + 1;
  const keys = addEpoch(suite, peer.keys, seq);
  const before = peer.spaceRecord();
  const own = peer.memberRecord();
  const place = { space, epoch: seq, account: own.account, role: own.role };
  return {
    keys,
    records: [
      { ...before, rev: before.rev + 1, epoch: seq, oldEpochs: sealOldEpochs(suite, space, keys) },
      {
        ...own,
        rev: own.rev + 1,
        epoch: seq,
        envelope: sealMemberEnvelope(suite, chain.kem, place, keys),
      },
    ],
  };
}

/** The peer's own chain with an entry that revokes one of its devices. */
export function revoking(world: EvilWorld, peer: EvilPeer, device: DeviceSecrets): KeyChain {
  const { suite, clock } = world;
  const change = { type: 'device-revoked', device: device.device } as const;
  const entry = signKeyChainEntry(suite, peer.chain, peer.identitySeed, {
    time: clock.now(),
    change,
  });
  return extendKeyChain(suite, peer.chain, [entry]);
}

/** A lie that shows this chain to whoever asks for its account. */
export function servingChain(chain: KeyChain): Mutate {
  return ({ call, request, body }): Bytes | undefined => {
    if (call !== 'chain' || !request.path.includes(chain.account)) return undefined;
    const from = Number(/from=(\d+)/.exec(request.path)?.[1]);
    const { answer } = CALLS.chain;
    const { entries } = decodeJson(answer, body);
    const served = chain.entries.slice(from);
    return served.length === entries.length
      ? undefined
      : encodeJson(answer, { entries: [...served] });
  };
}

/** The first of these lies that has something to say. */
export function both(...lies: readonly Mutate[]): Mutate {
  return (exchange) => {
    for (const lie of lies) {
      const said = lie(exchange);
      if (said !== undefined) return said;
    }
    return undefined;
  };
}
