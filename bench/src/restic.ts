/** The peer: restic, sealed and deduplicated, to `rclone serve restic` on this machine. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './coffer.ts';
import { hasCommand, measureCommand, type Cost } from './measure.ts';

const START_TRIES_MAX = 100;
const START_RETRY_MS = 50;

export function hasRestic(): boolean {
  return hasCommand('restic') && hasCommand('rclone');
}

export class Restic implements AsyncDisposable {
  readonly #server: ChildProcess;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(server: ChildProcess, env: Readonly<Record<string, string>>) {
    this.#server = server;
    this.#env = env;
  }

  static async start(base: string): Promise<Restic> {
    mkdirSync(base, { recursive: true });
    const port = await freePort();
    const args = ['serve', 'restic', '--addr', `127.0.0.1:${port}`, join(base, 'data')];
    const server = spawn('rclone', args, { stdio: 'ignore' });
    await listening(port);
    const restic = new Restic(server, {
      RESTIC_REPOSITORY: `rest:http://127.0.0.1:${port}/`,
      RESTIC_PASSWORD: 'correct horse battery staple',
      RESTIC_CACHE_DIR: join(base, 'cache'),
    });
    restic.#run('init');
    return restic;
  }

  backup(folder: string): Cost {
    return this.#run('backup', '--quiet', '--exclude', '.coffer', folder);
  }

  /** Restores `path` of the newest backup below `target`. */
  restore(path: string, target: string): Cost {
    return this.#run('restore', 'latest', '--quiet', '--target', target, '--include', path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#server, 'exit');
    this.#server.kill('SIGTERM');
    await exited;
  }

  #run(...args: readonly string[]): Cost {
    return measureCommand('restic', args, { env: this.#env });
  }
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < START_TRIES_MAX; tries++) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(START_RETRY_MS);
  }
  throw new Error('rclone serve restic does not start');
}
