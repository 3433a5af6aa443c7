/**
 * What a command works with: output, profile, and the signed-in drive and engine, each opened when it
 * is first asked for and closed when the command ends. What opens them is imported then, too: most of
 * the time of a short command would go into code that it does not run.
 */
import type { OpenSuite } from '@coffer/protocol/crypto';
import type { Engine } from '@coffer/native-worker/contract';
import { nodeHost } from '@coffer/native-worker/host';
import type { OpenedProfile } from '@coffer/native-worker/thread';
import type { AccountPorts, DeviceSecrets, Drive, Usage } from '@coffer/sdk';
import { RemoteFault } from '@coffer/sdk/faults';
import type { NodeHttpTransport } from '@coffer/sdk/node';
import { statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CliFailure, EXIT, exitCodeOf, toFailure } from './failure.ts';
import type { ParsedInput } from './command.ts';
import type { Output } from './output.ts';
import { lockHolder, lockProfile } from '@coffer/native-worker/profile-lock';
import { engineChoices, readSettings } from '@coffer/native-worker/settings';
import { ensureHome, profileAt, type Profile } from '@coffer/native-worker/profile-folder';

/** The drive and the engine of the profile, open already: in the daemon. */
export interface OpenedParts {
  readonly profile: Profile;
  readonly drive: Drive;
  readonly engine: Engine;
  /** What the account uses, maybe a minute ago. */
  readonly usage: () => Promise<Usage>;
}

export interface ContextOptions {
  readonly command: string;
  readonly input: ParsedInput;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** What relative local paths begin at. */
  readonly cwd: string;
  readonly opened?: OpenedParts;
  /** What becomes of a daemon that has the profile once the command wants it; left out: the command waits. */
  readonly metDaemon?: MetDaemon;
}

/** It ends, and the command works on the profile alone; or the command is left to it (DaemonHasProfile). */
export type MetDaemon = 'ends' | 'takes-over';

/** Whom `status` and `account` show. */
export interface AccountStatus {
  readonly account: { readonly email: string; readonly server: string };
  readonly device: { readonly id: string; readonly name: string };
  /** Used bytes are null when the server cannot be reached. */
  readonly quota: {
    readonly usedBytes: number | null;
    readonly totalBytes: number | null;
    readonly transferUsedBytes: number | null;
    readonly transferTotalBytes: number | null;
  };
}

/** One more try for a hiccup; waiting out an outage is the engine's, and a person's, decision. */
const RETRY = { attemptsMax: 2, delayMsMin: 500, delayMsMax: 5000 } as const;
const NOTE_HEAD_EVERY_MS = 10 * 60 * 1000;
type NodeAdapters = typeof import('@coffer/sdk/node');

function loadNodeAdapters(): Promise<NodeAdapters> {
  return import('@coffer/sdk/node');
}

const NO_QUOTA = {
  usedBytes: null,
  totalBytes: null,
  transferUsedBytes: null,
  transferTotalBytes: null,
};

export class CommandContext implements AsyncDisposable {
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  readonly profile: Profile;
  readonly #command: string;
  readonly #cwd: string;
  readonly #opened: OpenedParts | undefined;
  readonly #metDaemon: MetDaemon | undefined;
  #resources = new AsyncDisposableStack();
  #suite: Promise<OpenSuite> | undefined;
  #engine: Promise<Engine> | undefined;
  #openedHere: Promise<OpenedProfile> | undefined;
  #lock: Promise<void> | undefined;

  constructor({ command, input, output, signal, env, cwd, ...rest }: ContextOptions) {
    const { opened, metDaemon } = rest;
    this.#command = command;
    this.#metDaemon = metDaemon;
    this.output = output;
    this.signal = signal;
    this.env = env;
    this.#cwd = cwd;
    this.#opened = opened;
    this.profile = opened?.profile ?? profileAt(input.value('home'), env);
  }

  /** True in the daemon, which syncs on its own and goes on after the command. */
  get isInDaemon(): boolean {
    return this.#opened !== undefined;
  }

  /** A local path as the person meant it: this process may be another one than theirs. */
  path(local: string): string {
    return resolve(this.#cwd, local);
  }

  /** Takes the profile until the command ends, or lets it go with `release`. */
  lock(): Promise<void> {
    if (this.#opened !== undefined) return Promise.resolve();
    this.#lock ??= this.#takeLock();
    return this.#lock;
  }

  async #takeLock(): Promise<void> {
    const holder = lockHolder(this.profile);
    const met = holder?.isDaemon === true ? this.#metDaemon : undefined;
    if (met === 'ends') {
      this.output.note('The daemon of this profile ends for this.');
      const { stopDaemon } = await import('./daemon/stop-daemon.ts');
      await stopDaemon(this.profile);
    } else if (holder !== undefined && met !== 'takes-over')
      this.output.note(`Waiting for '${holder.what}' (process ${holder.pid}) to end.`);
    const who = {
      what: `coffer ${this.#command}`,
      isDaemon: false,
      leavesToDaemon: this.#metDaemon === 'takes-over',
      signal: this.signal,
    };
    this.#resources.use(await lockProfile(this.profile, who));
  }

  /** Lets the profile go until it is asked for again: who only looks on keeps nobody waiting. */
  async release(): Promise<void> {
    const resources = this.#resources;
    this.#resources = new AsyncDisposableStack();
    this.#engine = undefined;
    this.#openedHere = undefined;
    this.#lock = undefined;
    await resources.disposeAsync();
  }

  async isSignedIn(): Promise<boolean> {
    const { createKeyFile } = await loadNodeAdapters();
    return (await createKeyFile(this.profile.keysFile).load()) !== undefined;
  }

  /** The secrets of the signed-in device; CliFailure `not-signed-in` when there are none. */
  async secrets(): Promise<DeviceSecrets> {
    const { createKeyFile } = await loadNodeAdapters();
    const secrets = await createKeyFile(this.profile.keysFile).load();
    if (secrets === undefined) {
      throw new CliFailure(
        'not-signed-in',
        'nobody is signed in here',
        "'coffer signup' makes an account, 'coffer login' adds this device to one.",
      );
    }
    return secrets;
  }

  async accountPorts(): Promise<AccountPorts> {
    ensureHome(this.profile);
    const adapters = await loadNodeAdapters();
    const { systemClock, systemRandom } = adapters;
    return {
      connect: (origin) => this.#connect(adapters, origin),
      keyStore: adapters.createKeyFile(this.profile.keysFile),
      suite: await this.#openSuite(),
      clock: systemClock,
      random: systemRandom,
    };
  }

  /** The signed-in drive, as it was verified last. */
  async drive(): Promise<Drive> {
    return this.#opened?.drive ?? (await this.#openHere()).drive;
  }

  /** The signed-in drive with what is new on the server. */
  async freshDrive(): Promise<Drive> {
    const drive = await this.drive();
    await drive.refresh(this.signal);
    return drive;
  }

  async engine(): Promise<Engine> {
    if (this.#opened !== undefined) return this.#opened.engine;
    this.#engine ??= this.#openHere().then((opened) => opened.createEngine({ host: nodeHost() }));
    return this.#engine;
  }

  /**
   * Tells the account's other devices which head this one has seen, at most every 10 minutes: that is
   * how they notice a server that shows them less (docs/protocol.md §4). A lost connection is no
   * failure, the next sync says it.
   */
  async noteHead(): Promise<void> {
    const { systemClock } = await loadNodeAdapters();
    const marker = join(this.profile.home, 'head-noted');
    const notedMs = statSync(marker, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (systemClock.now() - notedMs < NOTE_HEAD_EVERY_MS) return;
    try {
      await (await this.drive()).noteHead(this.signal);
      writeFileSync(marker, '', { mode: 0o600 });
    } catch (error) {
      if (!(error instanceof RemoteFault)) throw error;
    }
  }

  /**
   * Who is signed in, and what the server says of the quota, if it can be reached; in the daemon maybe
   * a minute ago where `recently` is enough.
   */
  async account({ recently = false } = {}): Promise<AccountStatus> {
    const asked = this.#quota(recently);
    const [{ email, server, device, deviceName }, quota] = await Promise.all([
      this.secrets(),
      asked,
    ]);
    return { account: { email, server }, device: { id: device, name: deviceName }, quota };
  }

  async signOut(): Promise<void> {
    const drive = await this.drive();
    await drive.signOut(this.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  async #quota(recently: boolean): Promise<AccountStatus['quota']> {
    try {
      if (recently && this.#opened !== undefined) return await this.#opened.usage();
      return await (await this.drive()).usage(this.signal);
    } catch (error) {
      if (exitCodeOf(toFailure(error)) === EXIT.network) return NO_QUOTA;
      throw error;
    }
  }

  #openSuite(): Promise<OpenSuite> {
    this.#suite ??= import('@coffer/protocol/suites/node-open').then((suites) =>
      suites.createNodeLazySuite(),
    );
    return this.#suite;
  }

  #connect({ createNodeHttpTransport }: NodeAdapters, origin: string): NodeHttpTransport {
    const { proxy } = engineChoices(readSettings(this.profile));
    return this.#resources.use(
      createNodeHttpTransport({ origin, ...(proxy === undefined ? {} : { proxy }) }),
    );
  }

  #openHere(): Promise<OpenedProfile> {
    this.#openedHere ??= this.#openProfile();
    return this.#openedHere;
  }

  async #openProfile(): Promise<OpenedProfile> {
    await this.secrets();
    await this.lock();
    const { openProfile } = await import('@coffer/native-worker/thread');
    const opened = await openProfile(
      {
        place: this.profile,
        suite: await this.#openSuite(),
        retry: RETRY,
        choices: engineChoices(readSettings(this.profile)),
      },
      this.signal,
    );
    return this.#resources.use(opened);
  }
}
