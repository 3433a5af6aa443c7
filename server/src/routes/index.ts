import { decodeIds } from '@coffer/protocol/api';
import { FormatError, parseId, type AccountId } from '@coffer/protocol/core';
import { Failure } from '../failure.ts';
import { streamEvents } from '../services/events.ts';
import type { Routes } from './route.ts';

/** One line a call: everything else happens before (application.ts) or in the services. */
export const ROUTES: Routes = {
  health: () => ({ status: 'ok' }),

  signUpStart: ({ signUp }, { json, address }) => signUp.start(json, address),
  signUpFinish: ({ signUp }, { json }) => signUp.finish(json),
  signUpConfirm: ({ signUp }, { address }) => signUp.confirm(address),
  signInStart: ({ signIn }, { json, address }) => signIn.start(json, address),
  signInFinish: ({ signIn }, { json }) => signIn.finish(json),
  recoveryBundle: ({ signIn }, { json, address }) => signIn.recover(json, address),

  accountBundle: ({ devices }, { session }) => devices.bundle(session.account),
  addDevice: ({ devices }, { session, json }) => devices.add(session, json),
  account: ({ secondFactors }, { session }) => secondFactors.account(session.account),
  registerPassword: ({ keys }, { session, json }) => keys.registerPassword(session.account, json),
  replaceKeys: ({ keys }, { session, json }) => keys.replace(session, json),
  startSecondFactor: ({ secondFactors }, { session }) => secondFactors.start(session.account),
  confirmSecondFactor: ({ secondFactors }, { session, json }) =>
    secondFactors.confirm(session.account, json),
  endSecondFactor: ({ secondFactors }, { session }) => secondFactors.end(session.account),
  deleteAccount: ({ keys }, { session }) => keys.deleteAccount(session.account),
  openPairing: ({ pairings }, { session, json }) => pairings.open(session.account, json),
  pairingOffer: ({ pairings }, { session, params }) =>
    pairings.offerOf(session.account, params['pairing']),
  offerPairing: ({ pairings }, { params, json, address }) =>
    pairings.offer(params['pairing'], json, address),
  answerPairing: ({ pairings }, { session, params, json }) =>
    pairings.answer(session.account, params['pairing'], json),
  pairingAnswer: ({ pairings }, { params, address }) =>
    pairings.answerOf(params['pairing'], address),
  devices: ({ devices }, { session }) => devices.list(session.account),
  chain: ({ devices }, { params, query }) =>
    devices.chain(accountOf(params['account']), countOf(query, 'from') ?? 0),

  sessionChallenge: ({ sessions }, { json }) => sessions.challenge(json),
  startSession: ({ sessions }, { json }) => sessions.start(json),
  endSession: async ({ sessions }, { session }) => {
    await sessions.end(session.tokenDigest);
    return {};
  },

  spaces: async ({ context }, { session }) => ({
    spaces: [...(await context.store.listSpaces(session.account))],
  }),
  head: ({ commits }, { space }) => commits.head(space),
  commits: ({ commits }, { space, query }) => commits.list(space, countOf(query, 'from') ?? 1),
  propose: ({ commits }, { session, space, bytes }) => commits.propose(session, space, bytes),

  proof: ({ proofs }, { space, bytes }) => proofs.prove(space, bytes),

  missing: ({ content }, { space, bytes }) => content.missing(space, decodeIds(bytes)),
  storePack: ({ content }, { space, bytes }) => content.storePack(space, bytes),
  read: ({ content }, { space, bytes }) => content.read(space, decodeIds(bytes)),

  events: ({ context }, { session, query, signal }) =>
    streamEvents(context, session, { cursor: countOf(query, 'cursor'), signal }),

  quota: async ({ context, transfer }, { session }) => {
    await transfer.writeAll();
    const usage = await context.store.usage(session.account, context.clock.now());
    return { ...usage, transferTotalBytes: null };
  },
};

function accountOf(text: string | undefined): AccountId {
  try {
    return parseId<AccountId>(text ?? '');
  } catch (cause) {
    throw new Failure('not-found', {}, { cause });
  }
}

/** A number of the query; undefined where it is not given. */
function countOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const count = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(count)) {
    throw new FormatError(`${name} is not a count`);
  }
  return count;
}
