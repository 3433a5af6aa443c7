/** Somebody with an account, a device and the keys, for tests: writes real commits and chunks. */
import {
  encodeSessionProof,
  decodeJson,
  sessionAnswer,
  sessionChallengeAnswer,
  type RequestOf,
} from '@coffer/protocol/api';
import type { AccountId, Bytes } from '@coffer/protocol/core';
import type { WholeSuite } from '@coffer/protocol/crypto';
import { sign } from '@coffer/protocol/crypto/open';
import { encodeSealedCommit, type KeyChain } from '@coffer/protocol/model';
import {
  createAccount,
  createGenesis,
  draftAccount,
  type AccountDraft,
  type CreatedSpace,
} from '@coffer/protocol/model/open';
import { makeCall, type Handle, type TestReply } from './test-client.ts';
import { SpaceWriter } from './space-writer.ts';

/** Has the form of a password record; nobody can sign in with it. */
export const RECORD_OF_NO_PASSWORD = 'A'.repeat(256);
const POLICY = { versionDays: 30, versionsKept: 100, trashDays: 30 };

export interface PersonOptions {
  readonly suite: WholeSuite;
  readonly handle: Handle;
  readonly origin: string;
  readonly name: string;
  readonly time: number;
  readonly exportKey?: Bytes;
  readonly record?: string;
  readonly deviceExpires?: number;
}

export class Person {
  readonly draft: AccountDraft;
  readonly bundle: Bytes;
  readonly chain: KeyChain;
  readonly drive: SpaceWriter;
  readonly accountSpace: SpaceWriter;
  token: string | undefined;
  readonly #options: PersonOptions;

  constructor(options: PersonOptions, draft: AccountDraft = draftAccount(options.suite)) {
    const { suite, time } = options;
    this.#options = options;
    this.draft = draft;
    const exportKey = options.exportKey ?? new Uint8Array(64);
    const deviceExpires = options.deviceExpires ?? null;
    const made = createAccount(suite, this.draft, { exportKey, time, deviceExpires });
    this.bundle = made.bundle;
    this.chain = made.chain;
    this.accountSpace = this.#writer('account');
    this.drive = this.#writer('drive');
  }

  get account(): AccountId {
    return this.draft.account;
  }

  get name(): string {
    return this.#options.name;
  }

  signUp(changed: Partial<RequestOf<'signUpFinish'>> = {}): Promise<TestReply> {
    const { handle, name, record = RECORD_OF_NO_PASSWORD } = this.#options;
    return makeCall(handle, 'signUpFinish', {
      json: {
        name,
        account: this.account,
        record,
        bundle: this.bundle,
        chain: [...this.chain.entries],
        commits: [this.accountSpace, this.drive].map(({ genesis }) => encodeSealedCommit(genesis)),
        ...changed,
      },
    });
  }

  /** Signs in with the device key. */
  async openSession(origin = this.#options.origin): Promise<TestReply> {
    const reply = await this.startSession(this.signChallenge(await this.challenge(), origin));
    if (reply.status === 200) this.token = decodeJson(sessionAnswer, reply.bytes).token;
    return reply;
  }

  async challenge(): Promise<Bytes> {
    const json = { account: this.account, device: this.draft.device.device };
    const answer = await makeCall(this.#options.handle, 'sessionChallenge', { json });
    return decodeJson(sessionChallengeAnswer, answer.bytes).challenge;
  }

  signChallenge(challenge: Bytes, origin = this.#options.origin): RequestOf<'startSession'> {
    const { device, seed } = this.draft.device;
    const owner = { account: this.account, device };
    const proof = encodeSessionProof({ ...owner, origin, challenge });
    return { ...owner, challenge, signature: sign(this.#options.suite, seed, 'session', proof) };
  }

  startSession(json: RequestOf<'startSession'>): Promise<TestReply> {
    return makeCall(this.#options.handle, 'startSession', { json });
  }

  #writer(kind: 'account' | 'drive'): SpaceWriter {
    const { suite, time } = this.#options;
    const { account, secrets, device } = this.draft;
    const created: CreatedSpace = createGenesis({
      suite,
      kind,
      account,
      identity: suite.ed25519PublicKey(secrets.identitySeed),
      memberKem: suite.kemPublicKey(secrets.kemSeeds[0]),
      chain: { seq: this.chain.seq, head: this.chain.head },
      device: device.device,
      deviceSeed: device.seed,
      time,
      policy: POLICY,
    });
    const author = { account, device: device.device, deviceSeed: device.seed };
    return new SpaceWriter({ suite, author, created });
  }
}

/** A person who has signed up and opened a session. */
export async function signedInPerson(options: PersonOptions): Promise<Person> {
  const person = new Person(options);
  const signedUp = await person.signUp();
  const opened = await person.openSession();
  if (signedUp.status !== 200 || opened.status !== 200) {
    throw new Error(`not signed in: ${signedUp.code ?? ''} ${opened.code ?? ''}`);
  }
  return person;
}
