/** Coffer as a person has it: a server and two devices that run the command line. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  cpuSecondsOf,
  difference,
  measureCommand,
  peakBytesOf,
  type CommandCost,
  type Cost,
} from './measure.ts';

const launcher = fileURLToPath(new URL('../../coffer', import.meta.url));
const ENV = { COFFER_PASSWORD: 'correct horse battery staple' };
const EMAIL = 'bench@example.org';

export interface SyncCost extends Cost {
  readonly serverCpuSeconds: number | null;
  readonly bytesSent: number;
}

export class Coffer implements AsyncDisposable {
  readonly #base: string;
  readonly #server: ChildProcess;
  readonly #url: string;

  private constructor(base: string, server: ChildProcess, url: string) {
    this.#base = base;
    this.#server = server;
    this.#url = url;
  }

  /** A server with an empty account, and a first device that syncs `folder`. */
  static async start(base: string, folder: string): Promise<Coffer> {
    mkdirSync(base, { recursive: true });
    const port = await freePort();
    const args = ['serve', '--json', '--data', join(base, 'data'), '--listen', `127.0.0.1:${port}`];
    const server = spawn(launcher, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(createInterface({ input: server.stdout }), 'line');
    const coffer = new Coffer(base, server, `http://127.0.0.1:${port}`);
    const words = join(base, 'words.txt');
    const account = ['--server', coffer.#url, '--email', EMAIL, '--device', 'a'];
    coffer.#run('a', 'signup', ...account, '--recovery-file', words);
    coffer.#run('a', 'sync', 'add', folder, '/bench');
    return coffer;
  }

  /** A second device, which syncs the same into the empty `folder`. */
  join(folder: string, remote = '/bench'): void {
    mkdirSync(folder, { recursive: true });
    this.#run('b', 'login', '--server', this.#url, '--email', EMAIL, '--device', 'b');
    this.#run('b', 'sync', 'add', folder, remote);
  }

  /** `coffer sync now` from process start to process end; throws unless everything is in sync then. */
  sync(device: 'a' | 'b'): SyncCost {
    const pid = this.#server.pid ?? 0;
    const serverBefore = cpuSecondsOf(pid);
    const { stdout, seconds, cpuSeconds } = this.#run(device, 'sync', 'now', '--json');
    const summary = JSON.parse(stdout) as { settled: boolean; uploaded: { bytesSent: number } };
    if (!summary.settled) throw new Error(`not in sync: ${stdout}`);
    return {
      seconds,
      cpuSeconds,
      serverCpuSeconds: difference(serverBefore, cpuSecondsOf(pid)),
      bytesSent: summary.uploaded.bytesSent,
    };
  }

  /** Peak of the server's resident memory in bytes; null where the system does not tell. */
  get serverPeakBytes(): number | null {
    return peakBytesOf(this.#server.pid ?? 0);
  }

  /** `coffer ARGS` on a device; what it printed and what it cost. */
  run(device: string, ...args: readonly string[]): CommandCost {
    return this.#run(device, ...args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#server, 'exit');
    this.#server.kill('SIGTERM');
    await exited;
  }

  #run(device: string, ...args: readonly string[]) {
    const home = join(this.#base, `${device}-home`);
    return measureCommand(launcher, ['--home', home, ...args], { env: ENV });
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
