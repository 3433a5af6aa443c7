/** The life of an account by real processes: passwords, words, lost devices, pairing, second factor. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  Device,
  filesHolding,
  PASSWORD,
  runCoffer,
  ServerProcess,
  TemporaryFolder,
  type CommandResult,
} from './harness.ts';

const EMAIL = 'hedy@example.org';
const SECOND_PASSWORD = 'spread the spectrum wide';
const THIRD_PASSWORD = 'hop from tone to tone';
const launcher = fileURLToPath(new URL('../../coffer', import.meta.url));

/** `coffer` on a device, with what it reads from the environment. */
function on(device: Device, env: Readonly<Record<string, string>>, ...args: string[]) {
  return runCoffer(['--home', device.home, ...args], env);
}

function signIn(device: Device, server: string, env: Record<string, string>, ...more: string[]) {
  const named = ['--server', server, '--email', EMAIL, '--device', 'desktop'];
  return on(device, env, 'login', ...named, ...more);
}

function assertRefused(result: CommandResult, code: number, ...texts: readonly RegExp[]): void {
  assert.equal(result.code, code, result.stderr);
  assert.match(result.stderr, /^coffer: /);
  assert.ok(result.stderr.trim().split('\n').length <= 3, result.stderr);
  for (const text of texts) assert.match(result.stderr, text);
}

/** A command that says something, then waits. */
class Talking {
  readonly #lines: AsyncIterator<string>;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(device: Device, env: Readonly<Record<string, string>>, ...args: string[]) {
    const child = spawn(launcher, ['--home', device.home, '--json', ...args], {
      env: { ...process.env, COFFER_PASSWORD: PASSWORD, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child = child;
    this.ended = once(child, 'exit').then(([code]) => code as number | null);
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async next(): Promise<Record<string, unknown>> {
    const line = await this.#lines.next();
    assert.ok(line.done !== true, 'the command says something');
    return JSON.parse(line.value) as Record<string, unknown>;
  }

  say(line: string): void {
    this.child.stdin?.end(`${line}\n`);
  }
}

test('an account lives: password, pairing, a lost device, words, second factor, its end', async (t) => {
  using base = new TemporaryFolder();
  const dataDir = join(base.path, 'server');
  await using server = await ServerProcess.start(dataDir);
  const [laptop, desktop, phone, rescue, guest] = [
    new Device(base.path, 'laptop'),
    new Device(base.path, 'desktop'),
    new Device(base.path, 'phone'),
    new Device(base.path, 'rescue'),
    new Device(base.path, 'guest'),
  ];
  const wordsIn = (device: Device, file: string): string =>
    readFileSync(join(device.home, file), 'utf8').trim();
  await laptop.signUp(server.url, EMAIL);
  const note = join(base.path, 'note.txt');
  writeFileSync(note, 'frequency hopping');
  await laptop.do('put', note, '/note.txt');

  await t.test('a new password signs in, the old one does not', async () => {
    const change = { COFFER_NEW_PASSWORD: SECOND_PASSWORD };
    assertRefused(await on(laptop, { ...change, COFFER_PASSWORD: 'not it, no' }, 'password'), 4);
    assertRefused(await on(laptop, { COFFER_NEW_PASSWORD: 'short' }, 'password'), 2);
    const done = await on(laptop, change, 'password');
    assert.equal(done.code, 0, done.stderr);
    assertRefused(await signIn(desktop, server.url, {}), 4, /wrong/);
    const signedIn = await signIn(desktop, server.url, { COFFER_PASSWORD: SECOND_PASSWORD });
    assert.equal(signedIn.code, 0, signedIn.stderr);
    assert.equal(await desktop.do('cat', '/note.txt'), 'frequency hopping');
    assert.equal(await laptop.do('cat', '/note.txt'), 'frequency hopping');
  });

  await t.test('a new device pairs by words that a signed-in device shows', async () => {
    const showing = new Talking(laptop, {}, 'pair');
    const waiting = await showing.next();
    const words = (waiting['words'] as string[]).join(' ');
    assert.match(String(waiting['text']), /^coffer-pair:http:\/\/127\.0\.0\.1:\d+#/);
    const joining = ['login', '--pair', '--server', server.url, '--device', 'phone'];
    const other = 'zoo '.repeat(8).trim();
    assertRefused(await on(guest, { COFFER_PAIR: other }, ...joining), 1, /no device shows/);
    assertRefused(await on(guest, { COFFER_PAIR: 'three words only' }, ...joining), 2);
    const joined = await on(phone, { COFFER_PAIR: words }, ...joining);
    assert.equal(joined.code, 0, joined.stderr);
    assert.equal((await showing.next())['event'], 'joined');
    assert.equal(await showing.ended, 0);
    assert.equal(await phone.do('cat', '/note.txt'), 'frequency hopping');
    const late = await on(guest, { COFFER_PAIR: words }, ...joining);
    assertRefused(late, 4, /used these words already/);
  });

  await t.test('a lost device is out at once, and the others go on', async () => {
    await desktop.do('sync', 'add', desktop.folder, '/');
    await desktop.sync();
    const revoke = ['devices', 'revoke', 'desktop'];
    const known = { COFFER_PASSWORD: SECOND_PASSWORD };
    assertRefused(await on(laptop, known, ...revoke), 2, /Nothing was changed/);
    const file = join(laptop.home, 'new-words.txt');
    const toFile = [...revoke, '--recovery-file', file];
    const wrong = await on(laptop, { COFFER_PASSWORD: 'not it, no' }, ...toFile);
    assertRefused(wrong, 4, /wrong/);
    assert.ok(!existsSync(file), 'void words are nowhere');
    const revoked = await on(laptop, known, '--json', ...toFile);
    assert.equal(revoked.code, 0, revoked.stderr);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    writeFileSync(note, 'not for the thief');
    writeFileSync(join(desktop.folder, 'unsent.txt'), 'stays here');
    const sync = await desktop.run('sync', 'now');
    assertRefused(
      sync,
      4,
      /this device was removed from the account/,
      /Files on this computer stay/,
    );
    assert.equal(readFileSync(join(desktop.folder, 'unsent.txt'), 'utf8'), 'stays here');
    const late = await desktop.run('put', note, '/late.txt');
    assertRefused(
      late,
      4,
      /this device was removed from the account/,
      /Files on this computer stay/,
    );
    assertRefused(await desktop.run('ls', '-R', '/'), 4, /removed/);
    await phone.do('put', note, '/kept.txt');
    assert.equal(await laptop.do('cat', '/kept.txt'), 'not for the thief');
    const listed = JSON.parse(await phone.do('devices', '--json')) as { name: string }[];
    assert.deepEqual(listed.map(({ name }) => name).sort(), ['laptop', 'phone']);
    const self = await on(laptop, known, 'devices', 'revoke', 'laptop', '--yes');
    assertRefused(self, 4, /working on/);
    assertRefused(await on(laptop, known, 'devices', 'revoke', 'none', '--yes'), 1);
  });

  await t.test('the newest words open the account, the ones before do not', async () => {
    const recover = ['login', '--recovery', '--server', server.url, '--email', EMAIL, '--yes'];
    const [old, fresh] = [wordsIn(laptop, 'words.txt'), wordsIn(laptop, 'new-words.txt')];
    const env = { COFFER_PASSWORD: THIRD_PASSWORD, COFFER_RECOVERY: old };
    assertRefused(await on(rescue, env, ...recover), 4, /recovery words are wrong/);
    assertRefused(await on(rescue, { ...env, COFFER_RECOVERY: 'one two' }, ...recover), 4);
    const done = await on(rescue, { ...env, COFFER_RECOVERY: fresh }, '--json', ...recover);
    assert.equal(done.code, 0, done.stderr);
    const { recoveryWords } = JSON.parse(done.stdout) as { recoveryWords: string[] };
    assert.equal(recoveryWords.length, 24);
    assert.equal(await rescue.do('cat', '/kept.txt'), 'not for the thief');
    assert.equal(await laptop.do('cat', '/kept.txt'), 'not for the thief');
    const toFile = ['recovery', 'new', '--recovery-file', join(laptop.home, 'newest.txt')];
    const renewed = await on(laptop, { COFFER_PASSWORD: THIRD_PASSWORD }, ...toFile);
    assert.equal(renewed.code, 0, renewed.stderr);
    const void_ = { COFFER_PASSWORD: THIRD_PASSWORD, COFFER_RECOVERY: recoveryWords.join(' ') };
    assertRefused(await on(guest, void_, ...recover), 4, /wrong/);
  });

  await t.test('a second factor is asked for from its confirmation to its end', async () => {
    const known = { COFFER_PASSWORD: THIRD_PASSWORD };
    assert.match(await laptop.do('twofactor'), /is off/);
    const enabling = new Talking(laptop, known, 'twofactor', 'enable');
    const { uri } = await enabling.next();
    enabling.say(codeOf(String(uri)));
    const { backupCodes } = await enabling.next();
    assert.equal(await enabling.ended, 0);
    const [first = '', second = ''] = backupCodes as string[];
    assertRefused(await signIn(guest, server.url, known), 4, /second factor/);
    assertRefused(await signIn(guest, server.url, known, '--code', '12'), 2);
    const signedIn = await signIn(guest, server.url, known, '--code', first);
    assert.equal(signedIn.code, 0, signedIn.stderr);
    assert.match(await laptop.do('twofactor', 'status'), /is on; 9 backup codes/);
    const replayed = await on(laptop, known, 'twofactor', 'disable', '--code', first);
    assertRefused(replayed, 4, /used before/);
    const disabled = await on(laptop, known, 'twofactor', 'disable', '--code', second);
    assert.equal(disabled.code, 0, disabled.stderr);
    assert.match(await laptop.do('twofactor'), /is off/);
  });

  await t.test('an account that is deleted is gone for every device', async () => {
    const known = { COFFER_PASSWORD: THIRD_PASSWORD };
    assertRefused(await on(laptop, known, 'account', 'delete'), 2, /Nothing was deleted/);
    assertRefused(await on(laptop, {}, 'account', 'delete', '--yes'), 4, /Nothing was deleted/);
    const done = await on(laptop, known, 'account', 'delete', '--yes');
    assert.equal(done.code, 0, done.stderr);
    assertRefused(await laptop.run('ls', '/'), 4, /nobody is signed in/);
    assertRefused(await phone.run('put', note, '/again.txt'), 4);
    const confirm = ['signup', 'confirm', '123456', '--server', server.url, '--email', EMAIL];
    assertRefused(await laptop.run(...confirm), 1, /sends no mail/);
  });

  await t.test('the server never had a password, a word or a name', async () => {
    assert.equal(await server.stop(), 0);
    const words = wordsIn(laptop, 'newest.txt').split(' ').slice(0, 4).join(' ');
    const needles = [PASSWORD, SECOND_PASSWORD, THIRD_PASSWORD, words, 'note.txt', 'for the thief'];
    assert.deepEqual(filesHolding(dataDir, needles), []);
  });
});

/** What an authenticator shows now. */
function codeOf(uri: string): string {
  const secret = new URL(uri).searchParams.get('secret') ?? '';
  const bits = Array.from(secret, (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  ).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const at = (digest[19] ?? 0) & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1e6).padStart(6, '0');
}
