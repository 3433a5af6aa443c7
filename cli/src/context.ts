/**
 * What a command works with: output, profile, and the signed-in drive and engine, each opened when it
 * is first asked for and closed when the command ends. What opens them is imported then, too: most of
 * the time of a short command would go into code that it does not run.
 */
import type { OpenSuite } from '@coffer/protocol/crypto';
import type { Engine, EngineDatabase } from '@coffer/native-worker';
import type { AccountPorts, DeviceSecrets, Drive } from '@coffer/sdk';
import { RemoteFault } from '@coffer/sdk/faults';
import type { NodeHttpTransport } from '@coffer/sdk/node';
import { statSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { CliFailure } from './failure.ts';
import { nodeHost } from '@coffer/native-worker/host';
import type { ParsedInput } from './command.ts';
import type { Output } from './output.ts';
import { ensureHome, lockProfile, profileAt, type Profile } from './profile.ts';

export interface ContextOptions {
  readonly command: string;
  readonly input: ParsedInput;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
}

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
  readonly #resources = new AsyncDisposableStack();
  #suite: Promise<OpenSuite> | undefined;
  #drive: Promise<Drive> | undefined;
  #engine: Promise<Engine> | undefined;
  #database: Promise<EngineDatabase> | undefined;
  #lock: Promise<void> | undefined;

  constructor({ command, input, output, signal, env }: ContextOptions) {
    this.#command = command;
    this.output = output;
    this.signal = signal;
    this.env = env;
    this.profile = profileAt(input.value('home'), env);
  }

  /** Takes the profile until the command ends. */
  lock(): Promise<void> {
    this.#lock ??= lockProfile(this.profile, `coffer ${this.#command}`).then((lock) => {
      this.#resources.use(lock);
    });
    return this.#lock;
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
  drive(): Promise<Drive> {
    this.#drive ??= this.#openDrive();
    return this.#drive;
  }

  /** The signed-in drive with what is new on the server. */
  async freshDrive(): Promise<Drive> {
    const drive = await this.drive();
    await drive.refresh(this.signal);
    return drive;
  }

  engine(): Promise<Engine> {
    this.#engine ??= this.#openEngine();
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

  /** Who is signed in, and what the server says of the quota, if it can be reached. */
  async account(): Promise<AccountStatus> {
    const { email, server, device, deviceName } = await this.secrets();
    return {
      account: { email, server },
      device: { id: device, name: deviceName },
      quota: await this.#quota(),
    };
  }

  async signOut(): Promise<void> {
    const drive = await this.drive();
    await drive.signOut(this.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  async #quota(): Promise<AccountStatus['quota']> {
    try {
      return await (await this.drive()).usage(this.signal);
    } catch (error) {
      if (error instanceof RemoteFault && error.code === 'network') return NO_QUOTA;
      throw error;
    }
  }

  #openSuite(): Promise<OpenSuite> {
    this.#suite ??= import('@coffer/protocol/suites/node-open').then((suites) =>
      suites.createNodeOpenSuite(),
    );
    return this.#suite;
  }

  #connect({ createNodeHttpTransport }: NodeAdapters, origin: string): NodeHttpTransport {
    return this.#resources.use(createNodeHttpTransport({ origin }));
  }

  #engineDatabase(): Promise<EngineDatabase> {
    this.#database ??= this.#openDatabase();
    return this.#database;
  }

  async #openDatabase(): Promise<EngineDatabase> {
    const { openEngineDatabase } = await import('@coffer/native-worker');
    const { systemClock } = await loadNodeAdapters();
    const database = openEngineDatabase(this.profile.databaseFile, systemClock.now());
    this.#resources.defer(() => database.close());
    return database;
  }

  async #openDrive(): Promise<Drive> {
    const secrets = await this.secrets();
    await this.lock();
    const { openDrive } = await import('@coffer/sdk');
    const { SqliteSpaceStore } = await import('@coffer/native-worker');
    const adapters = await loadNodeAdapters();
    return openDrive(
      {
        secrets,
        keyStore: adapters.createKeyFile(this.profile.keysFile),
        store: new SqliteSpaceStore(await this.#engineDatabase()),
        transport: this.#connect(adapters, secrets.server),
        suite: await this.#openSuite(),
        clock: adapters.systemClock,
        random: adapters.systemRandom,
        startSha256: adapters.startNodeSha256,
        retry: RETRY,
        yieldTurn: adapters.yieldNodeTurn,
        platform: platform(),
      },
      this.signal,
    );
  }

  async #openEngine(): Promise<Engine> {
    const drive = await this.drive();
    const { createEngine, createNodeFileSystem } = await import('@coffer/native-worker');
    const { systemClock, systemRandom } = await loadNodeAdapters();
    const engine = createEngine({
      database: await this.#engineDatabase(),
      space: drive.space.id,
      spaceClient: drive.space,
      fileSystem: createNodeFileSystem(),
      clock: systemClock,
      random: systemRandom,
      deviceName: (await this.secrets()).deviceName,
      host: nodeHost(),
    });
    this.#resources.defer(() => engine.close());
    return engine;
  }
}
