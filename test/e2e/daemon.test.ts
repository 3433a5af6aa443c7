/** Two daemons and a server, as processes: what is saved on one device appears on the other by itself. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type TestContext } from 'node:test';
import { DaemonDevice, isThere, textOf, until } from './daemon-harness.ts';
import { runCoffer, ServerProcess, TemporaryFolder } from './harness.ts';

const EMAIL = 'ana@example.org';
/** Generous: the suites of a whole test run share the machine. */
const WITHIN_MS = 60_000;

interface World extends AsyncDisposable {
  readonly server: () => ServerProcess;
  readonly restartServer: (whileDown: () => Promise<void>) => Promise<void>;
  readonly a: DaemonDevice;
  readonly b: DaemonDevice;
}

async function twoDaemons(): Promise<World> {
  const stack = new AsyncDisposableStack();
  const base = stack.use(new TemporaryFolder());
  const dataDir = join(base.path, 'server');
  let server = await ServerProcess.start(dataDir);
  stack.defer(() => server[Symbol.asyncDispose]());
  const a = stack.use(new DaemonDevice(base.path, 'a'));
  const b = stack.use(new DaemonDevice(base.path, 'b'));
  await a.signUp(server.url, EMAIL);
  await b.signIn(server.url, EMAIL);
  for (const device of [a, b]) {
    await device.do('sync', 'add', device.folder, '/');
    await device.startDaemon();
  }
  return {
    server: () => server,
    restartServer: async (whileDown) => {
      const { port } = server;
      await server.stop();
      await whileDown();
      server = await ServerProcess.start(dataDir, { port });
    },
    a,
    b,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Saves on one device and waits for it on the other; gives the milliseconds between. */
async function travels(
  from: DaemonDevice,
  to: DaemonDevice,
  { name, content }: { readonly name: string; readonly content: string },
): Promise<number> {
  writeFileSync(join(from.folder, name), content);
  const path = join(to.folder, name);
  return until(`${name} is there`, () => textOf(path) === content, WITHIN_MS);
}

test('what is saved on one device appears on the other, commands see the same, and rest is cheap', async (t) => {
  await using world = await twoDaemons();
  const { a, b } = world;
  await travels(a, b, { name: 'first', content: 'one' });
  const times: number[] = [];
  for (let n = 0; n < 10; n++) {
    times.push(await travels(a, b, { name: `edit-${n % 3}`, content: `${n} ${'x'.repeat(3000)}` }));
  }
  times.sort((x, y) => x - y);
  t.diagnostic(`save to present: median ${times[5]} ms, least ${times[0]}, most ${times[9]}`);

  mkdirSync(join(a.folder, 'folder'));
  await travels(a, b, { name: 'folder/inside', content: 'deep' });
  renameSync(join(b.folder, 'folder'), join(b.folder, 'renamed'));
  await until('the rename', () => textOf(join(a.folder, 'renamed/inside')) === 'deep', WITHIN_MS);
  rmSync(join(a.folder, 'renamed', 'inside'));
  await until(
    'the deletion',
    () => textOf(join(b.folder, 'renamed/inside')) === undefined,
    WITHIN_MS,
  );

  await a.do('mkdir', '/by-command');
  await until('a folder made by command', () => isFolder(join(b.folder, 'by-command')), WITHIN_MS);
  writeFileSync(join(a.home, 'local.txt'), 'put by a relative path');
  const put = await runCofferIn(a.home, ['--home', a.home, 'put', 'local.txt', '/put.txt']);
  assert.equal(put, 0);
  await until('what was put', () => textOf(join(b.folder, 'put.txt')) !== undefined, WITHIN_MS);
  assert.equal(await b.do('cat', '/put.txt'), 'put by a relative path');
  const summary = await a.sync();
  assert.equal(summary.settled, true);
  const status = JSON.parse(await a.do('status', '--json')) as Status;
  assert.deepEqual(status.daemon, { running: true, pid: a.pid });
  assert.deepEqual(
    status.pairs.map(({ state }) => state),
    ['idle'],
  );
  await assertWholeCommands(a, b);
  await assertIdleIsCheap(a, t);
});

/** What looks at the whole drive or at the engine's rules runs in the daemon too. */
async function assertWholeCommands(a: DaemonDevice, b: DaemonDevice): Promise<void> {
  await a.do('cp', '/put.txt', '/copied.txt');
  await until('the copy', () => textOf(join(b.folder, 'copied.txt')) !== undefined, WITHIN_MS);
  await b.sync();
  const report = JSON.parse(await b.do('verify', '--read-data', '--json')) as {
    readonly checked: number;
    readonly mismatches: readonly object[];
  };
  assert.deepEqual(report.mismatches, []);
  assert.ok(report.checked > 6, `${report.checked} contents`);
  const ignored = await b.do('ignore', 'check', '--json', join(b.folder, 'x.part'));
  assert.match(ignored, /"ignored":true.*"pattern":"\*\.part"/);
}

/** At rest there is a poll each 15 s and nothing else. */
async function assertIdleIsCheap(device: DaemonDevice, t: TestContext): Promise<void> {
  await sleep(2000);
  const before = device.processorMs();
  const IDLE_S = 10;
  await sleep(IDLE_S * 1000);
  const perSecond = (device.processorMs() - before) / IDLE_S;
  t.diagnostic(
    `idle: ${perSecond.toFixed(1)} ms of processor a second, ${device.residentMiB()} MiB`,
  );
  assert.ok(perSecond < 50, `${perSecond} ms of processor a second while nothing happens`);
}

interface Status {
  readonly daemon: { readonly running: boolean; readonly pid?: number };
  readonly pairs: readonly { readonly state: string }[];
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function runCofferIn(cwd: string, args: readonly string[]): Promise<number> {
  return (await runCoffer(args, {}, cwd)).code;
}

test('daemons survive a restart of the server, being killed and being stopped in their tracks', async () => {
  await using world = await twoDaemons();
  const { a, b } = world;
  await travels(a, b, { name: 'before', content: '1' });

  await world.restartServer(async () => {
    writeFileSync(join(a.folder, 'while-down'), 'kept');
    await sleep(1500);
  });
  await until(
    'what was saved meanwhile',
    () => textOf(join(b.folder, 'while-down')) === 'kept',
    WITHIN_MS,
  );

  b.signal('SIGKILL');
  await until('b is gone', () => !isThere(b.pid), 5000);
  writeFileSync(join(a.folder, 'while-dead'), 'kept too');
  const withoutDaemon = JSON.parse(await b.do('status', '--json')) as Status;
  assert.equal(withoutDaemon.daemon.running, false);
  await b.startDaemon();
  await until(
    'what b missed',
    () => textOf(join(b.folder, 'while-dead')) === 'kept too',
    WITHIN_MS,
  );

  b.signal('SIGSTOP');
  writeFileSync(join(a.folder, 'while-stopped'), 'from a');
  writeFileSync(join(b.folder, 'by-hand'), 'from b');
  await sleep(1500);
  b.signal('SIGCONT');
  await until('both sides', () => textOf(join(b.folder, 'while-stopped')) === 'from a', WITHIN_MS);
  await until('both sides', () => textOf(join(a.folder, 'by-hand')) === 'from b', WITHIN_MS);
});

test('a daemon is alone on its profile, ends in time with a transfer under way, and says nothing secret', async () => {
  await using world = await twoDaemons();
  const { a, b } = world;
  const second = await a.run('daemon');
  assert.deepEqual([second.code, /runs for this profile already/.test(second.stderr)], [1, true]);
  const content = randomBytes(24 * 1024 * 1024);
  writeFileSync(join(a.folder, 'Geheimnis-gross'), content);
  await sleep(600);
  const began = performance.now();
  await a.do('daemon', 'stop');
  const seconds = (performance.now() - began) / 1000;
  assert.ok(seconds < 12, `it took ${seconds} s to end`);
  await until('the process is gone', () => !isThere(a.pid), 5000);
  const after = JSON.parse(await a.do('daemon', 'status', '--json')) as { running: boolean };
  assert.equal(after.running, false);
  await a.startDaemon();
  const path = join(b.folder, 'Geheimnis-gross');
  await until('the large file', () => sizeOf(path) === content.length, WITHIN_MS);
  assert.deepEqual(readFileSync(path), content);
  for (const device of [a, b]) {
    const log = device.log();
    assert.ok(log.includes('daemon starts'));
    for (const secret of ['Geheimnis', device.token(), EMAIL, device.folder]) {
      assert.ok(!log.includes(secret), `the log holds ${secret}`);
    }
  }
});

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}
