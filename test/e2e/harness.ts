/** Real processes on temporary folders: a server, and devices that run the command line. */
import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../coffer', import.meta.url));
export const PASSWORD = 'correct horse battery staple';
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that is gone when the test ends. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'coffer-test-'));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Runs `coffer` to its end. */
export async function runCoffer(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<CommandResult> {
  const options = {
    cwd,
    env: { ...process.env, COFFER_PASSWORD: PASSWORD, ...env },
    maxBuffer: OUTPUT_BYTES_MAX,
  };
  return new Promise((resolve) => {
    execFile(launcher, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

export class ServerProcess implements AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, dataDir: string) {
    this.#child = child;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.dataDir = dataDir;
  }

  /** Resolves once the server said that it is ready. `publicUrl`: how clients reach it, if not directly. */
  static async start(
    dataDir: string,
    options: { readonly port?: number; readonly publicUrl?: string } = {},
  ): Promise<ServerProcess> {
    const port = options.port ?? (await freePort());
    const args = ['serve', '--json', '--data', dataDir, '--listen', `127.0.0.1:${port}`];
    if (options.publicUrl !== undefined) args.push('--public-url', options.publicUrl);
    const child = spawn(launcher, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit').then(() => undefined);
    const lines = createInterface({ input: child.stdout });
    const first = await Promise.race([once(lines, 'line'), exited]);
    assert.ok(first !== undefined, 'the server ended before it was ready');
    assert.match(String(first[0]), /"event":"ready"/);
    return new ServerProcess(child, port, dataDir);
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null)
      return this.#child.exitCode;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

/** One device: a profile and a synced folder. */
export class Device {
  readonly home: string;
  readonly folder: string;

  constructor(base: string, name: string) {
    this.home = join(base, `${name}-home`);
    this.folder = join(base, name);
    mkdirSync(this.home, { recursive: true });
    mkdirSync(this.folder, { recursive: true });
  }

  async run(...args: string[]): Promise<CommandResult> {
    return runCoffer(['--home', this.home, ...args]);
  }

  /** Runs a command that must end with 0. */
  async do(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    assert.equal(code, 0, `coffer ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  async signUp(server: string, email: string): Promise<void> {
    const words = join(this.home, 'words.txt');
    await this.do(
      'signup',
      '--server',
      server,
      '--email',
      email,
      '--device',
      'laptop',
      '--recovery-file',
      words,
    );
  }

  async signIn(server: string, email: string): Promise<void> {
    await this.do('login', '--server', server, '--email', email, '--device', 'desktop');
  }

  /** Syncs to the end and returns the summary. */
  async sync(): Promise<SyncSummary> {
    return JSON.parse(await this.do('sync', 'now', '--json')) as SyncSummary;
  }
}

export interface SyncSummary {
  readonly settled: boolean;
  readonly uploaded: { readonly files: number; readonly bytes: number; readonly bytesSent: number };
  readonly downloaded: {
    readonly files: number;
    readonly bytes: number;
    readonly bytesReceived: number;
  };
  readonly moved: number;
  readonly trashed: number;
  readonly conflicts: number;
  readonly held: number;
}

/** Syncs devices in turn until a round changes nothing on any of them. */
export async function settle(...devices: readonly Device[]): Promise<void> {
  const ROUNDS_MAX = 6;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let changes = 0;
    for (const device of devices) {
      const summary = await device.sync();
      assert.equal(summary.settled, true);
      changes +=
        summary.uploaded.files + summary.downloaded.files + summary.moved + summary.trashed;
    }
    if (changes === 0) return;
  }
  assert.fail('the devices do not come to rest');
}

/** What a folder holds: digests of contents, link targets, executable bits and times (ms), without `.coffer`. */
export function treeOf(folder: string): Readonly<Record<string, string>> {
  const out: Record<string, string> = {};
  const walk = (path: string, name: string): void => {
    for (const entry of readdirSync(path).sort()) {
      if (name === '' && entry === '.coffer') continue;
      const full = join(path, entry);
      const relative = name === '' ? entry : `${name}/${entry}`;
      const stat = lstatSync(full);
      if (stat.isDirectory()) {
        out[relative] = 'folder';
        walk(full, relative);
      } else if (stat.isSymbolicLink()) {
        out[relative] = `link ${readlinkSync(full)}`;
      } else {
        const executable = (stat.mode & 0o100) === 0 ? '' : ' executable';
        const digest = createHash('sha256').update(readFileSync(full)).digest('hex');
        out[relative] = `${digest} ${Math.round(stat.mtimeMs)}${executable}`;
      }
    }
  };
  walk(folder, '');
  return out;
}

/** The texts of all files below `folder`, without `.coffer`. */
export function textsOf(folder: string): readonly string[] {
  return Object.entries(treeOf(folder))
    .filter(([, entry]) => entry !== 'folder' && !entry.startsWith('link '))
    .map(([name]) => readFileSync(join(folder, name), 'utf8'));
}

/** Files below `folder` whose bytes, or own path, hold one of `needles`. */
export function filesHolding(folder: string, needles: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const full = join(entry.parentPath, entry.name);
    const bytes = entry.isFile() ? readFileSync(full) : Buffer.alloc(0);
    for (const needle of needles) {
      if (full.slice(folder.length).includes(needle) || bytes.includes(needle))
        found.push(`${full}: ${needle}`);
    }
  }
  return found;
}
