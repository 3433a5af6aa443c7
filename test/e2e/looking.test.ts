/** Commands that look and set: `config`, `doctor`, and those that go on with what happens. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { DaemonDevice, until } from './daemon-harness.ts';
import { ServerProcess, TemporaryFolder } from './harness.ts';

const launcher = fileURLToPath(new URL('../../coffer', import.meta.url));
const EMAIL = 'ana@example.org';
const WITHIN_MS = 60_000;
const KEYS =
  'limit.up limit.down limit.schedule proxy language notifications.conflicts notifications.stalls ' +
  'notifications.held metered battery recycle.days recycle.maxBytes versions.days trash.days ' +
  'hold.count hold.share log.level';

type Json = Readonly<Record<string, unknown>>;

/** A command that goes on until Ctrl-C; its lines as they come, with the time of each. */
function follow(device: DaemonDevice, ...args: readonly string[]) {
  const child = spawn(launcher, ['--home', device.home, '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const came: { readonly atMs: number; readonly value: Json }[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines)
      came.push({ atMs: performance.now(), value: JSON.parse(line) as Json });
  });
  const end = async (): Promise<unknown> => {
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    const [code] = (await exited) as unknown[];
    return code;
  };
  return { came, end, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

test('settings, findings and what goes on are shown as they are', async (t) => {
  await using stack = new AsyncDisposableStack();
  const base = stack.use(new TemporaryFolder());
  const server = stack.use(await ServerProcess.start(join(base.path, 'server')));
  const device = stack.use(new DaemonDevice(base.path, 'Geheimnis'));
  await device.signUp(server.url, EMAIL);
  await device.do('sync', 'add', device.folder, '/');
  await device.startDaemon();
  await t.test('a setting is taken in its form, shown, and taken back', () => settings(device));
  await t.test('status --watch tells each change, at most two a second', () => watched(device));
  await t.test('activity -f goes on with what happens', () => followed(device));
  await t.test('doctor says what is well and what is not, and its bundle no names', async () =>
    examined(device, server),
  );
});

async function settings(device: DaemonDevice): Promise<void> {
  const all = async () => JSON.parse(await device.do('config', '--json')) as Json;
  assert.deepEqual(Object.keys(await all()), KEYS.split(' '));
  await device.do('config', 'set', 'limit.up', '1.5Mi');
  const one = await device.do('config', 'get', 'limit.up', '--json');
  assert.deepEqual(JSON.parse(one), { 'limit.up': '1.5Mi' });
  const refused = [
    ['limit.up', 'fast'],
    ['limit.up', '0'],
    ['limit.up', '5'],
    ['hold.share', '1.5'],
    ['colour', 'red'],
  ] as const;
  for (const [key, value] of refused) {
    const { code, stderr } = await device.run('config', 'set', key, value);
    assert.equal(code, 2, `${key} ${value}: ${stderr}`);
  }
  assert.equal((await all())['limit.up'], '1.5Mi');
  const later = await device.run('config', 'set', 'battery', 'off');
  assert.equal(later.code, 1);
  assert.match(later.stderr, /battery: this version does not look at the power supply/);
  await using proxy = await forwardingProxy();
  await device.do('config', 'set', 'proxy', proxy.url);
  await device.do('ls');
  assert.ok(proxy.asked() > 0, 'the daemon goes through the proxy');
  for (const key of ['limit.up', 'proxy']) await device.do('config', 'unset', key);
  assert.ok(Object.values(await all()).every((value) => value === null));
  // The daemon took each of them over and still answers.
  await device.do('sync', 'now');
}

/** A proxy for plain http that counts what goes through it. */
async function forwardingProxy() {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    const { method, headers } = request;
    const onward = httpRequest(request.url ?? '', { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked: () => asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function watched(device: DaemonDevice): Promise<void> {
  using following = follow(device, 'status', '--watch');
  const { came, end } = following;
  await until('the first line', () => came.length > 0, WITHIN_MS);
  const fields = ['account', 'device', 'quota', 'pairs', 'transfers', 'daemon'];
  assert.deepEqual(Object.keys(came[0]?.value ?? {}).toSorted(), fields.toSorted());
  for (let n = 0; n < 20; n++) {
    writeFileSync(join(device.folder, `seen-${n}`), 'x'.repeat(100_000));
    await sleep(100);
  }
  await until('changes', () => came.length > 3, WITHIN_MS);
  assert.equal(await end(), 130);
  const times = came.map(({ atMs }) => atMs);
  const perSecond = times.map((from) => times.filter((at) => at >= from && at < from + 990).length);
  // One more for the first, which does not wait.
  assert.ok(Math.max(...perSecond) <= 3, `${perSecond.join(' ')} lines a second`);
}

async function followed(device: DaemonDevice): Promise<void> {
  // Nothing of what was written before is still going up.
  await device.do('sync', 'now');
  using following = follow(device, 'activity', '-f', '-n', '1');
  const { came, end } = following;
  await until('the last one so far', () => came.length > 0, WITHIN_MS);
  assert.equal(came.length, 1);
  writeFileSync(join(device.folder, 'later'), 'later');
  const isThere = () => came.some(({ value }) => value['path'] === '/later');
  await until('what happened then', isThere, WITHIN_MS);
  assert.equal(await end(), 130);
  const newest = JSON.parse(await device.do('activity', '-n', '1', '--json')) as readonly Json[];
  assert.deepEqual(newest, [came.at(-1)?.value]);
}

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly hint?: string;
}

async function examined(device: DaemonDevice, server: ServerProcess): Promise<void> {
  const find = async () => {
    const { code, stdout } = await device.run('doctor', '--json');
    const findings = JSON.parse(stdout) as readonly Finding[];
    assert.equal(code, findings.every(({ ok }) => ok) ? 0 : 1);
    return new Map(findings.map((finding) => [finding.check, finding]));
  };
  const well = await find();
  const checks = 'platform watcher limits disk keystore settings daemon server clock';
  assert.deepEqual([...well.keys()], checks.split(' '));
  for (const check of ['keystore', 'daemon', 'server', 'clock'])
    assert.equal(well.get(check)?.ok, true, check);

  const bundle = join(base(device), 'bundle.json');
  await device.run('doctor', '--bundle', bundle);
  assert.equal(statSync(bundle).mode & 0o777, 0o600);
  const text = readFileSync(bundle, 'utf8');
  assert.ok(text.includes('daemon starts'));
  for (const secret of ['Geheimnis', EMAIL, device.token(), device.home])
    assert.ok(!text.includes(secret), `the bundle holds ${secret}`);
  const again = await device.run('doctor', '--bundle', bundle);
  assert.equal(again.code, 1, 'a bundle replaces nothing');

  chmodSync(join(device.home, 'device.json'), 0o644);
  await server.stop();
  const ill = await find();
  assert.match(ill.get('keystore')?.hint ?? '', /chmod 600/);
  assert.match(ill.get('server')?.hint ?? '', /nothing is lost/);
  assert.equal(ill.has('clock'), false);
}

function base(device: DaemonDevice): string {
  return join(device.home, '..');
}
