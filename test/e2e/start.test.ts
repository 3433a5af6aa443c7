/** `coffer start`: server, engine and page of one computer, before and after somebody signs in. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../browser/chromium.ts';
import { builtRenderer } from '@coffer/renderer/build';
import { walkFirstRun } from '../electron-double/first-run.ts';
import { Device, PASSWORD, runCoffer, TemporaryFolder, treeOf } from './harness.ts';

const launcher = fileURLToPath(new URL('../../coffer', import.meta.url));

interface Ready {
  readonly url: string;
  readonly page?: string;
}

class Started implements AsyncDisposable {
  readonly ready: Ready;
  readonly #child: ReturnType<typeof spawn>;

  private constructor(child: ReturnType<typeof spawn>, ready: Ready) {
    this.#child = child;
    this.ready = ready;
  }

  static async begin(home: string, data: string): Promise<Started> {
    const args = ['--home', home, '--json', 'start', '--data', data, '--listen', '127.0.0.1:0'];
    const child = spawn(launcher, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    assert.ok(child.stdout !== null);
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    return new Started(child, JSON.parse(line) as Ready);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    assert.equal(this.#child.exitCode, 0, 'it ends by a signal, cleanly');
  }
}

test('one command starts all; the first run is done by clicking in a browser', async () => {
  await builtRenderer();
  using base = new TemporaryFolder();
  const folder = join(base.path, 'Photos');
  mkdirSync(folder);
  writeFileSync(join(folder, 'sunset.txt'), 'red and gold');
  await using started = await Started.begin(join(base.path, 'home'), join(base.path, 'data'));
  const { url, page: address = '' } = started.ready;
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ locale: 'en-US' });
    await page.goto(address);
    assert.equal(await page.getByLabel('Address of the server').inputValue(), url);
    const email = 'ada@example.org';
    await walkFirstRun(page, { server: url, email, password: PASSWORD, folder });
    await page.getByText('Everything is in place').first().waitFor();
    const laptop = new Device(base.path, 'laptop');
    await laptop.signIn(url, email);
    await laptop.do('sync', 'add', laptop.folder, '/Photos');
    await laptop.do('sync', 'now');
    assert.deepEqual(treeOf(laptop.folder), treeOf(folder));
    assert.equal((await page.goto(address))?.status(), 401, 'the address works once');
  } finally {
    await browser.close();
  }
});

test('the commands that it prints work beside it, and a second start keeps to itself', async () => {
  using base = new TemporaryFolder();
  const home = join(base.path, 'home');
  const folder = join(base.path, 'Coffer');
  await using started = await Started.begin(home, join(base.path, 'data'));
  const run = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCoffer(['--home', home, ...args]);
    assert.equal(code, 0, `coffer ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  assert.match(await run('ui'), /open\?once=/, 'a page for who has not signed in yet');
  await run('signup', '--server', started.ready.url, '--email', 'grace@example.org');
  await run('sync', 'add', folder, '/');
  writeFileSync(join(folder, 'note'), 'moth');
  await run('sync', 'now');
  assert.equal((await run('cat', '/note')).trim(), 'moth');
  assert.match(await run('daemon', 'status'), /The daemon runs/);
  const second = await Started.begin(home, join(base.path, 'other data'));
  assert.equal(second.ready.page, undefined, 'the first one has the profile');
  await second[Symbol.asyncDispose]();
  assert.match(await run('daemon', 'status'), /The daemon runs/, 'and keeps it');
});
