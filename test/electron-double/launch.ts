/**
 * The desktop application in a process of its own, on the double, and the handles that a test has on
 * it. Kept so small that the same tests can drive real Electron behind the same functions.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { AppLook, FromApp, ToApp } from './wire.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PATIENCE_MS = 60_000;

export interface DesktopOptions {
  /** Profile folder. */
  readonly home: string;
  /** Home folder of the person. */
  readonly userHome: string;
  readonly locale?: string;
}

export class DesktopApp implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lock: string;
  #browser: Browser | undefined;
  readonly stderr: string[] = [];

  private constructor(child: ChildProcess, lock: string) {
    this.#child = child;
    this.#lock = lock;
    child.stderr?.on('data', (text: Buffer) => this.stderr.push(text.toString()));
  }

  /** Resolves when the first window is there. */
  static async launch(options: DesktopOptions): Promise<DesktopApp> {
    const { child, lock } = await startProcess(options);
    const app = new DesktopApp(child, lock);
    const { endpoint } = await app.#heard('chromium');
    app.#browser = await chromium.connectOverCDP(endpoint);
    return app;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The page of a window; waits until it is there. */
  async page(kind: 'main' | 'tray'): Promise<Page> {
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until;) {
      const pages = this.#browser?.contexts().flatMap((context) => context.pages()) ?? [];
      const found = pages.find(
        (page) =>
          page.url().includes('.double.test/') &&
          page.url().includes('window=tray') === (kind === 'tray'),
      );
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`there is no window ${kind}: ${this.stderr.join('')}`);
  }

  async look(): Promise<AppLook> {
    const heard = this.#heard('look');
    this.tell({ kind: 'look' });
    return (await heard).look;
  }

  /** Waits until the application looks like this. */
  async until(isSo: (look: AppLook) => boolean): Promise<AppLook> {
    for (const until = Date.now() + PATIENCE_MS; ;) {
      const look = await this.look();
      if (isSo(look)) return look;
      if (Date.now() > until) throw new Error(`it looks like ${JSON.stringify(look)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  tell(message: ToApp): void {
    this.#child.send(message);
  }

  /** Exit code once the application has ended. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser?.close().catch(() => undefined);
    this.#child.kill('SIGTERM');
    await this.ended();
    rmSync(this.#lock, { force: true });
  }

  async #heard<K extends FromApp['kind']>(kind: K): Promise<FromApp & { readonly kind: K }> {
    const found = Promise.withResolvers<FromApp & { readonly kind: K }>();
    const listen = (message: FromApp): void => {
      if (message.kind === kind) found.resolve(message as FromApp & { readonly kind: K });
    };
    const fail = (): void => found.reject(new Error(`it ended: ${this.stderr.join('')}`));
    this.#child.on('message', listen);
    this.#child.once('exit', fail);
    try {
      return await found.promise;
    } finally {
      this.#child.off('message', listen);
      this.#child.off('exit', fail);
    }
  }
}

/** A second start beside one that runs; resolves with its exit code. */
export async function launchAgain(options: DesktopOptions): Promise<number | null> {
  const { child } = await startProcess(options);
  if (child.exitCode === null) await once(child, 'exit');
  return child.exitCode;
}

async function startProcess({ home, userHome, locale }: DesktopOptions): Promise<{
  readonly child: ChildProcess;
  readonly lock: string;
}> {
  const id = home.replaceAll(/[^a-z0-9]/gi, '').slice(-24);
  const child = fork(join(root, 'electron/src/main/main.ts'), {
    execArgv: ['--import', join(root, 'test/electron-double/register.ts')],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      ...process.env,
      HOME: userHome,
      COFFER_HOME: home,
      COFFER_DOUBLE_ID: id,
      COFFER_DOUBLE_PORT: String(await freePort()),
      ...(locale === undefined ? {} : { COFFER_DOUBLE_LOCALE: locale }),
    },
  });
  return { child, lock: join(tmpdir(), `coffer-double-${id}.sock`) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
