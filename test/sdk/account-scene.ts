/** Devices of one account at a real server in this process, with real OPAQUE. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import {
  networkFault,
  openDrive,
  parseRecoveryWords,
  recoverAccount,
  signIn,
  signUp,
  type AccountPorts,
  type DeviceSecrets,
  type Drive,
  type HttpTransport,
  type KeyStore,
  type SpaceStore,
} from '@coffer/sdk';
import { startNodeSha256, systemRandom, yieldNodeTurn } from '@coffer/sdk/node';
import { createMemoryKeyStore, createMemorySpaceStore } from '@coffer/sdk/testing';
import { createMemoryServer, type MemoryServer } from '@coffer/server/testing';
import { signal, TestClock } from './harness.ts';

const suite = await createNodeOpenSuite();
export const EMAIL = 'ada@example.org';
export const PASSWORD = 'the analytical engine';
export const OTHER_PASSWORD = 'weaves algebraical patterns';

/** A device, signed in or not: what it keeps, and how it comes to its drive. */
export interface Device {
  readonly keyStore: KeyStore;
  readonly store: SpaceStore;
  readonly ports: AccountPorts;
  /** Calls of this device from now on; the server sees what is let through. */
  before: (path: string) => void;
  /** True: the answer to this call is lost. */
  loses: (path: string) => boolean;
  readonly open: () => Promise<Drive>;
  readonly secrets: () => Promise<DeviceSecrets>;
}

/** A server with one account, and devices that come to it in every way there is. */
export class Scene implements AsyncDisposable {
  readonly clock = new TestClock();
  readonly server: MemoryServer;
  words: readonly string[] = [];

  private constructor(server: MemoryServer) {
    this.server = server;
  }

  static async create(): Promise<Scene> {
    const clock = new TestClock();
    const server = await createMemoryServer({ clock, random: systemRandom });
    const scene = new Scene(server);
    Object.assign(scene, { clock });
    return scene;
  }

  device(): Device {
    const { clock, server } = this;
    const keyStore = createMemoryKeyStore();
    const store = createMemorySpaceStore();
    const hooks: Pick<Device, 'before' | 'loses'> = { before: () => {}, loses: () => false };
    const transport: HttpTransport = {
      request: async (request, until) => {
        until.throwIfAborted();
        hooks.before(request.path);
        const response = await server.handle(request, until);
        if (hooks.loses(request.path)) throw networkFault('the answer was lost', undefined);
        return { ...response, headers: {} };
      },
    };
    const ports: AccountPorts = {
      connect: () => transport,
      keyStore,
      suite,
      clock,
      random: systemRandom,
      retry: { attemptsMax: 2, delayMsMin: 1, delayMsMax: 1 },
    };
    const secrets = async (): Promise<DeviceSecrets> => {
      const saved = await keyStore.load();
      assert.ok(saved);
      return saved;
    };
    const open = async (): Promise<Drive> =>
      openDrive(
        {
          ...ports,
          transport,
          store,
          secrets: await secrets(),
          startSha256: startNodeSha256,
          yieldTurn: yieldNodeTurn,
          platform: 'test',
        },
        signal,
      );
    return Object.assign(hooks, { keyStore, store, ports, open, secrets });
  }

  async signUp(): Promise<Device> {
    const device = this.device();
    const input = this.#input(PASSWORD, 'laptop');
    const made = await signUp(device.ports, input, signal);
    assert.ok(made.ok);
    this.words = made.value.recoveryWords;
    return device;
  }

  /** The code of a refused sign-in, or the device that signed in. */
  async signIn(password: string, code?: string): Promise<Device | string> {
    const device = this.device();
    const given = code === undefined ? {} : { code };
    const input = { ...this.#input(password, 'desktop'), ...given };
    const outcome = await signIn(device.ports, input, signal);
    return outcome.ok ? device : outcome.error.code;
  }

  async signedIn(password = PASSWORD, code?: string): Promise<Device> {
    const device = await this.signIn(password, code);
    assert.ok(typeof device !== 'string', typeof device === 'string' ? device : '');
    return device;
  }

  async recover(words: readonly string[], newPassword: string, revokeOthers = false) {
    const device = this.device();
    const recoveryKey = parseRecoveryWords(words.join(' '));
    assert.ok(recoveryKey);
    let shown: readonly string[] = [];
    const confirmWords = async (fresh: readonly string[]): Promise<boolean> => {
      shown = fresh;
      return true;
    };
    const { server, email, deviceName } = this.#input('', 'rescue');
    const input = { server, email, deviceName, recoveryKey, newPassword, revokeOthers };
    const outcome = await recoverAccount(device.ports, { ...input, confirmWords }, signal);
    return { device, outcome, words: shown };
  }

  #input(password: string, deviceName: string) {
    return { server: this.server.origin, email: EMAIL, password, deviceName };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** What an authenticator shows now: made apart from the server's code. */
export function codeAt(uri: string, timeMs: number): string {
  const secret = new URL(uri).searchParams.get('secret') ?? '';
  const bits = Array.from(secret)
    .map((letter) =>
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
    )
    .join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(timeMs / 30_000)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const at = (digest[19] ?? 0) & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1e6).padStart(6, '0');
}
