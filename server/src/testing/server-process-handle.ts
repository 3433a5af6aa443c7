import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('server-process.ts', import.meta.url));

/** As the launcher `coffer` starts a server. */
const NODE_FLAGS = ['--min-semi-space-size=4', '--max-semi-space-size=4'];
const LIMITS = {
  UV_THREADPOOL_SIZE: '16',
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

/** A server in a process of its own. */
export class ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.child = child;
    this.url = url;
  }

  static async start(dataDir: string): Promise<ServerProcess> {
    const child = spawn(process.execPath, [...NODE_FLAGS, script, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...LIMITS },
    });
    const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
    return new ServerProcess(child, url);
  }

  /** In the middle of whatever it does. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** After the requests under way. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }
}
