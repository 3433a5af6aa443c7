/**
 * What a window asks about the account and this computer, answered from the profile's own files and by
 * its server: signing up and in, who is signed in, which folders are there.
 */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errorEntry } from '@coffer/protocol/api/error-codes';
import type { OpenSuite } from '@coffer/protocol/crypto';
import {
  parseServerOrigin,
  PASSWORD_LENGTH_MIN,
  signIn,
  signUp,
  type AccountPorts,
  type AccountRefusal,
  type HttpTransport,
  type KeyStore,
  type SignInInput,
} from '@coffer/sdk';
import type { Clock, Random } from '../ports/index.ts';
import {
  ControlFailure,
  type AccountCommandInput,
  type AccountCommandOutput,
  type AccountListing,
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

type SignInWords = AccountCommandInput<'signIn'>;

export class AccountDesk {
  readonly #options: AccountDeskOptions;

  constructor(options: AccountDeskOptions) {
    this.#options = options;
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
    words: AccountCommandInput<'signUp'>,
    signal: AbortSignal,
  ): Promise<AccountCommandOutput<'signUp'>> {
    if (words.password.length < PASSWORD_LENGTH_MIN) {
      throw new ControlFailure({
        code: 'usage',
        message: `a password has at least ${PASSWORD_LENGTH_MIN} characters`,
        hint: 'A few random words make a good one. No account was made.',
      });
    }
    return this.#with(words, async (ports, input) => {
      const outcome = await signUp(ports, input, signal);
      if (!outcome.ok) throw refusalOf(outcome.error, input);
      return { recoveryWords: [...outcome.value.recoveryWords], active: outcome.value.active };
    });
  }

  async signIn(words: SignInWords, signal: AbortSignal): Promise<void> {
    await this.#with(words, async (ports, input) => {
      const outcome = await signIn(ports, input, signal);
      if (!outcome.ok) throw refusalOf(outcome.error, input);
    });
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

  async #with<T>(
    words: SignInWords,
    action: (ports: AccountPorts, input: SignInInput) => Promise<T>,
  ): Promise<T> {
    const { keyStore, clock, random, computer, suite, connect } = this.#options;
    const server = originOf(words.server);
    using resources = new DisposableStack();
    const ports: AccountPorts = {
      connect: (origin) => resources.use(connect(origin)),
      keyStore,
      suite: await suite(),
      clock,
      random,
    };
    const { email, password, deviceName = computer.name, code } = words;
    const input = { server, email, password, deviceName };
    return await action(ports, code === undefined ? input : { ...input, code });
  }
}

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

function refusalOf({ code }: AccountRefusal, { email, server }: SignInInput): ControlFailure {
  const message: Partial<Record<AccountRefusal['code'], string>> = {
    'name-taken': `there is an account ${email} on ${server} already`,
    'wrong-password': 'the name or the password is wrong',
    'already-signed-in': 'an account is signed in here already',
  };
  return new ControlFailure({
    code,
    message: message[code] ?? `the server refused (${code})`,
    hint: errorEntry(code).text,
  });
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
