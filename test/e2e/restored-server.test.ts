/** A server whose folder is put back from a copy, as its operator does it, and what people are told. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'node:test';
import { Device, ServerProcess, settle, TemporaryFolder, treeOf } from './harness.ts';

const EMAIL = 'ada@example.org';
const OLD = 'Quittung 2025';
const NEW = 'Quittung 2026';

class Operator implements AsyncDisposable {
  readonly #base: string;
  #server: ServerProcess;

  private constructor(base: string, server: ServerProcess) {
    this.#base = base;
    this.#server = server;
  }

  static async start(base: string): Promise<Operator> {
    return new Operator(base, await ServerProcess.start(join(base, 'server')));
  }

  get url(): string {
    return this.#server.url;
  }

  async backUp(): Promise<void> {
    await this.#stopped(() =>
      cpSync(join(this.#base, 'server'), join(this.#base, 'backup'), { recursive: true }),
    );
  }

  /** Puts the copy back; an honest operator says so by a new era. */
  async restore({ raiseEra }: { readonly raiseEra: boolean }): Promise<void> {
    await this.#stopped(() => {
      rmSync(join(this.#base, 'server'), { recursive: true });
      cpSync(join(this.#base, 'backup'), join(this.#base, 'server'), { recursive: true });
      if (!raiseEra) return;
      const database = new DatabaseSync(join(this.#base, 'server', 'metadata.sqlite'));
      database.exec("UPDATE counters SET value = value + 1 WHERE name = 'era'");
      database.close();
    });
  }

  async #stopped(action: () => void): Promise<void> {
    const { port } = this.#server;
    await this.#server.stop();
    action();
    this.#server = await ServerProcess.start(join(this.#base, 'server'), { port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop('SIGKILL');
  }
}

/** A backup, and what both devices did since. */
async function backedUp(base: string, operator: Operator): Promise<readonly [Device, Device]> {
  const [laptop, desktop] = [new Device(base, 'laptop'), new Device(base, 'desktop')] as const;
  await laptop.signUp(operator.url, EMAIL);
  await desktop.signIn(operator.url, EMAIL);
  writeFileSync(join(laptop.folder, OLD), 'before the backup');
  for (const device of [laptop, desktop]) {
    await device.do('sync', 'add', device.folder, '/');
    await device.sync();
  }
  await operator.backUp();
  writeFileSync(join(desktop.folder, NEW), 'after the backup');
  for (const device of [desktop, laptop]) await device.sync();
  assert.deepEqual(Object.keys(treeOf(laptop.folder)), [OLD, NEW]);
  return [laptop, desktop];
}

/** The evidence that the message names. */
function evidenceIn(text: string): string {
  const [path] = /\S*evidence-[0-9a-f]{16}\.txt/.exec(text) ?? [];
  assert.ok(path !== undefined, text);
  return readFileSync(path, 'utf8');
}

test('a server that was honestly restored is accepted by its people, and nothing is lost', async () => {
  using base = new TemporaryFolder();
  await using operator = await Operator.start(base.path);
  const devices = await backedUp(base.path, operator);
  await operator.restore({ raiseEra: true });
  for (const device of devices) {
    const before = treeOf(device.folder);
    const refused = await device.run('sync', 'now');
    assert.equal(refused.code, 3, refused.stdout + refused.stderr);
    assert.match(refused.stdout + refused.stderr, /restored from a backup/);
    const listing = await device.run('ls', '/');
    assert.equal(listing.code, 3);
    assert.match(listing.stderr, /coffer stalls do accept-restored/);
    const stalls = await device.run('stalls');
    assert.equal(stalls.code, 3);
    assert.match(stalls.stdout, /ServerRestored|accept-restored/);
    assert.match(evidenceIn(stalls.stdout), /shown +commit \d+, era 1/);
    assert.deepEqual(treeOf(device.folder), before);
  }
  for (const device of devices) await device.do('stalls', 'do', 'accept-restored');
  const [laptop, desktop] = devices;
  await settle(laptop, desktop);
  assert.equal(readFileSync(join(laptop.folder, NEW), 'utf8'), 'after the backup');
  assert.deepEqual(treeOf(desktop.folder), treeOf(laptop.folder));
  assert.match(await laptop.do('ls', '/'), new RegExp(NEW));
});

test('a server that went back without a word ends every command with 7', async () => {
  using base = new TemporaryFolder();
  await using operator = await Operator.start(base.path);
  const [laptop] = await backedUp(base.path, operator);
  await operator.restore({ raiseEra: false });
  const before = treeOf(laptop.folder);
  for (const command of [
    ['sync', 'now'],
    ['ls', '/'],
    ['stalls', 'do', 'accept-restored'],
  ]) {
    const refused = await laptop.run(...command);
    assert.equal(refused.code, 7, command.join(' ') + refused.stdout + refused.stderr);
    const text = evidenceIn(refused.stdout + refused.stderr);
    for (const name of [OLD, NEW, EMAIL]) assert.ok(!text.includes(name), 'no names');
  }
  assert.deepEqual(treeOf(laptop.folder), before);
});
