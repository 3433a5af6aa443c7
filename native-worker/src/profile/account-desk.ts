/**
 * What a window asks about the account and this computer, answered from the profile's own files and by
 * its server: signing up and in, who is signed in, which folders are there.
 */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Defect } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import {
  joinByPairing,
  parsePairing,
  parseRecoveryWords,
  parseServerOrigin,
  recoverAccount,
  signIn,
  signUp,
  type AccountPorts,
  type HttpTransport,
  type KeyStore,
} from '@coffer/sdk';
import {
  acceptedValue,
  checkPasswordLength,
  PendingWords,
  refusalOf,
  type AccountOutcome,
} from '../account/index.ts';
import type { Clock, Random } from '../ports/index.ts';
import {
  ControlFailure,
  type AccountCommandInput,
  type AccountCommandOutput,
  type AccountListing,
  type FailureShape,
  type LocalFolderListing,
} from '../contract/index.ts';

export interface AccountDeskOptions {
  readonly keyStore: KeyStore;
  /** A connection to the server of this origin; it is disposed of after the call. */
  readonly connect: (origin: string) => HttpTransport & Disposable;
  readonly suite: () => Promise<OpenSuite>;
  readonly clock: Clock;
  readonly random: Random;
  /** Name of this computer and home folder of its user, absolute. */
  readonly computer: { readonly name: string; readonly home: string };
  /** Origin of a server that who has no account is offered. */
  readonly offeredServer?: string | undefined;
}

/** Where an account is, and what this computer is called in it. */
interface Place {
  readonly server: string;
  readonly deviceName: string;
}

export class AccountDesk implements Disposable {
  readonly #options: AccountDeskOptions;
  readonly #words: PendingWords;

  constructor(options: AccountDeskOptions) {
    this.#options = options;
    this.#words = new PendingWords(options);
  }

  async account(): Promise<AccountListing> {
    const secrets = await this.#options.keyStore.load();
    if (secrets === undefined) {
      const { offeredServer } = this.#options;
      return offeredServer === undefined
        ? { signedIn: false }
        : { signedIn: false, server: offeredServer };
    }
    const { server, email, device, deviceName } = secrets;
    return { signedIn: true, server, email, device: { id: device, name: deviceName } };
  }

  /** Origin of a server that answers as one. */
  async checkServer(address: string, signal: AbortSignal): Promise<{ readonly server: string }> {
    const server = originOf(address);
    using transport = this.#options.connect(server);
    const health = { method: 'GET', path: '/health', headers: {} } as const;
    const answer = await transport.request(health, signal);
    if (answer.status !== 200 || !(await saysOk(answer.body))) {
      throw new ControlFailure({
        code: 'network',
        message: `${server} answers, but not as a Coffer server`,
        hint: 'Check the address.',
      });
    }
    return { server };
  }

  async signUp(
    { email, password, ...where }: AccountCommandInput<'signUp'>,
    signal: AbortSignal,
  ): Promise<AccountCommandOutput<'signUp'>> {
    checkPasswordLength(password, 'No account was made.');
    const { recoveryWords, active } = await this.#with(where, (ports, place) =>
      signUp(ports, { ...place, email, password }, signal),
    );
    return { recoveryWords: [...recoveryWords], active };
  }

  async signIn(
    { email, password, code, ...where }: AccountCommandInput<'signIn'>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#with(where, (ports, place) => {
      const input = { ...place, email, password };
      return signIn(ports, code === undefined ? input : { ...input, code }, signal);
    });
  }

  /** New words, which do not count before `settleRecovery`. */
  async recoverAccount(
    given: AccountCommandInput<'recoverAccount'>,
    signal: AbortSignal,
  ): Promise<AccountCommandOutput<'recoverAccount'>> {
    const { email, newPassword, revokeOthers = false } = given;
    const recoveryKey = parseRecoveryWords(given.words);
    if (recoveryKey === undefined) throw new ControlFailure(NO_RECOVERY_WORDS);
    checkPasswordLength(newPassword, 'Nothing was changed.');
    const proposed = await this.#words.propose(async (confirm, until) => {
      await this.#with(given, (ports, place) => {
        const input = { ...place, email, recoveryKey, newPassword, revokeOthers };
        const confirmWords = async (words: readonly string[]): Promise<boolean> => {
          const isKept = await confirm(words);
          // Another program may have signed in while they were written down.
          if (isKept && (await ports.keyStore.load()) !== undefined) {
            throw refusalOf({ code: 'already-signed-in' }, place.server);
          }
          return isKept;
        };
        return recoverAccount(ports, { ...input, confirmWords }, until);
      });
    }, signal);
    if (proposed === undefined) throw new Defect('a recovery makes new words');
    return { change: proposed.change, recoveryWords: [...proposed.recoveryWords] };
  }

  /** The device is signed in when this resolves, if the words are kept. */
  settleRecovery({ change, isKept }: AccountCommandInput<'settleRecovery'>): Promise<void> {
    return this.#words.settle(change, isKept);
  }

  /** Words that nobody confirmed are forgotten. */
  [Symbol.dispose](): void {
    this.#words[Symbol.dispose]();
  }

  async joinByPairing(
    { words, ...where }: AccountCommandInput<'joinByPairing'>,
    signal: AbortSignal,
  ): Promise<void> {
    const pairing = parsePairing(words);
    if (pairing === undefined) throw new ControlFailure(NO_PAIRING_WORDS);
    const server = pairing.server ?? where.server;
    await this.#with({ ...where, server }, (ports, place) =>
      joinByPairing(ports, { ...place, secret: pairing.secret }, signal),
    );
  }

  localFolders(path: string | undefined): LocalFolderListing {
    const { home } = this.#options.computer;
    const folder = resolve(home, path ?? home);
    const above = dirname(folder);
    return {
      path: folder,
      parent: above === folder ? null : above,
      folders: foldersIn(folder),
      suggested: join(home, 'Coffer'),
    };
  }

  /** The value of what `action` does with a connection to the server; throws its refusal. */
  async #with<T>(
    { server, deviceName }: { readonly server: string; readonly deviceName?: string | undefined },
    action: (ports: AccountPorts, place: Place) => Promise<AccountOutcome<T>>,
  ): Promise<T> {
    const { keyStore, clock, random, computer, suite, connect } = this.#options;
    const origin = originOf(server);
    using resources = new DisposableStack();
    const ports: AccountPorts = {
      connect: (to) => resources.use(connect(to)),
      keyStore,
      suite: await suite(),
      clock,
      random,
    };
    const outcome = await action(ports, {
      server: origin,
      deviceName: deviceName ?? computer.name,
    });
    return acceptedValue(outcome, origin);
  }
}

const NO_RECOVERY_WORDS: FailureShape = {
  code: 'wrong-recovery-key',
  message: 'these are not 24 recovery words: one is missing, misspelt or in another place',
  hint: 'Nothing was sent. Look at them again.',
};
const NO_PAIRING_WORDS: FailureShape = {
  code: 'usage',
  message: 'these are not the 8 words of a pairing: one is missing or misspelt',
  hint: 'Nothing was sent. Look at the other device again.',
};

const HEALTH_BYTES_MAX = 1024;

async function saysOk(body: AsyncIterable<Uint8Array>): Promise<boolean> {
  let text = '';
  for await (const part of body) {
    text += new TextDecoder().decode(part);
    if (text.length > HEALTH_BYTES_MAX) return false;
  }
  try {
    return (JSON.parse(text) as { status?: unknown }).status === 'ok';
  } catch {
    return false;
  }
}

function originOf(address: string): string {
  const origin = parseServerOrigin(address);
  if (origin.ok) return origin.value;
  throw new ControlFailure(
    origin.error === 'insecure-server'
      ? {
          code: 'refused',
          message: `${address} is plain http to another machine: anyone on the way could interfere`,
          hint: 'Use the https address of the server.',
        }
      : {
          code: 'usage',
          message: `'${address}' is not the address of a server`,
          hint: 'Write https://drive.example.org or http://127.0.0.1:8420.',
        },
  );
}

/** Folders directly in `folder` that are not hidden, by name; links to folders are none. */
function foldersIn(folder: string): LocalFolderListing['folders'] {
  try {
    statSync(folder);
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => ({ name, path: join(folder, name) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new ControlFailure(
      {
        code: isAbsent ? 'not-found' : 'file-access',
        message: isAbsent ? `there is no folder ${folder}` : `${folder} cannot be read`,
        hint: 'Choose another folder.',
      },
      { cause: error },
    );
  }
}
