/**
 * A user and mount namespace of a test's own, in which it may fill disks, take rights away and lower
 * limits: nothing of it is seen by the machine, and all of it goes with the process that holds it.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { fileURLToPath } from 'node:url';
import { DaemonDevice } from './daemon-harness.ts';
import { PASSWORD, type CommandResult } from './harness.ts';

const launcher = fileURLToPath(new URL('../../coffer', import.meta.url));
const ENTER = ['-U', '-m', '--preserve-credentials'];
/** Without these a process meets the rights of files as everybody but the administrator does. */
const RIGHTS = '-dac_override,-dac_read_search';

export class Confinement implements AsyncDisposable {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** Rejects with what to change where the system lets nobody make one, or has not the programs for it. */
  static async make(): Promise<Confinement> {
    // It ends with its input, so also with a test that is ended by force.
    const script = 'mount -t tmpfs none /mnt && umount /mnt && echo ready && exec cat';
    const unshare = ['-rm', '--propagation', 'private', 'sh', '-c', script];
    const holder = spawn('unshare', unshare, { stdio: ['pipe', 'pipe', 'ignore'] });
    const failed = Promise.race([once(holder, 'error'), once(holder, 'exit')]).then(() => false);
    const ready = once(holder.stdout, 'data').then(() => true);
    if (!(await Promise.race([ready, failed]))) throw new Error(whatToChange());
    const made = new Confinement(holder);
    try {
      const [program, ...rest] = made.prefix;
      execFileSync(program, [...rest, 'true'], { stdio: 'ignore' });
      return made;
    } catch (cause) {
      await made[Symbol.asyncDispose]();
      throw new Error(whatToChange(), { cause });
    }
  }

  /** Words that run what follows them in here, without the rights of the administrator. */
  get prefix(): readonly [string, ...string[]] {
    return [...this.#entry(), 'setpriv', `--bounding-set=${RIGHTS}`, `--inh-caps=${RIGHTS}`];
  }

  /** Runs a line of shell in here, with all rights that there are in here. */
  run(line: string): string {
    const [program, ...rest] = this.#entry();
    return execFileSync(program, [...rest, 'sh', '-c', line], { encoding: 'utf8' });
  }

  /** How a path in here is reached from outside. */
  outside(path: string): string {
    return `/proc/${this.#holder.pid ?? 0}/root${path}`;
  }

  #entry(): readonly [string, ...string[]] {
    return ['nsenter', '-t', String(this.#holder.pid ?? 0), ...ENTER];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const exited = once(this.#holder, 'exit');
    this.#holder.kill('SIGKILL');
    await exited;
  }
}

const PROGRAMS = ['unshare', 'nsenter', 'setpriv'];
/** Settings that keep people without rights from making a namespace, and the value with which they do. */
const LOCKS: readonly (readonly [name: string, locked: string, open: string])[] = [
  ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
  ['kernel.unprivileged_userns_clone', '0', '1'],
  ['user.max_user_namespaces', '0', '10000'],
];

/** A test that made no trouble has not passed: the one command or setting that is in its way. */
function whatToChange(): string {
  return `tests of troubles of a machine need a user namespace of their own: ${oneChange()}`;
}

function oneChange(): string {
  if (platform() !== 'linux') return 'run them on Linux';
  const missing = PROGRAMS.find((name) => spawnSync(name, ['--version']).error !== undefined);
  if (missing !== undefined)
    return `${missing} is missing: as root, run \`apt-get install -y util-linux\``;
  const lock = LOCKS.find(([name, locked]) => settingOf(name) === locked);
  if (lock !== undefined) return `as root, run \`sysctl ${lock[0]}=${lock[2]}\``;
  return 'start the container with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined`';
}

function settingOf(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** A device whose programs run in there. */
export class ConfinedDevice extends DaemonDevice {
  /** For the programs of this device, beside those of the test. */
  env: Readonly<Record<string, string>> = {};
  readonly #within: Confinement;

  constructor(base: string, name: string, within: Confinement) {
    super(base, name);
    this.#within = within;
  }

  override async run(...args: string[]): Promise<CommandResult> {
    const [program, ...prefix] = this.#within.prefix;
    const options = { env: { ...process.env, COFFER_PASSWORD: PASSWORD, ...this.env } };
    const words = [...prefix, launcher, '--home', this.home, ...args];
    return new Promise((resolve) => {
      execFile(program, words, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      });
    });
  }

  /** What `stalls` says: reasons with what they are about, and its exit code. */
  async stalls(): Promise<readonly string[]> {
    const { stdout } = await this.run('stalls', '--json');
    const all = JSON.parse(stdout) as { reason: string; path: string }[];
    return all.map(({ reason, path }) => `${reason} ${path}`);
  }

  /** `sync now`, which must end with `code` and say `words` in `stalls`. */
  async syncEndsWith(code: number, ...words: readonly RegExp[]): Promise<void> {
    const ended = await this.run('sync', 'now', '--timeout', '40');
    const { stdout } = await this.run('stalls');
    const all = `${ended.stdout}${ended.stderr}${stdout}`;
    assert.equal(ended.code, code, all);
    for (const word of words) assert.match(all, word);
  }
}
