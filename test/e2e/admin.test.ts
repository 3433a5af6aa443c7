/** `coffer admin` and the end of `coffer serve`, with the processes that an operator has. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Device, runCoffer, ServerProcess, TemporaryFolder } from './harness.ts';

const launcher = fileURLToPath(new URL('../../coffer', import.meta.url));

async function admin(...args: string[]) {
  const { code, stdout, stderr } = await runCoffer(['admin', ...args, '--json']);
  const parse = (text: string) =>
    text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  return {
    code,
    value: parse(stdout),
    error: parse(stderr)['error'] as { code: string; message: string },
  };
}

test('a server is backed up at work, lost, restored, and its people go on', async () => {
  using base = new TemporaryFolder();
  const dataDir = join(base.path, 'data');
  const [backup, restored] = [join(base.path, 'backup'), join(base.path, 'restored')];
  await using server = await ServerProcess.start(dataDir);
  const ann = new Device(base.path, 'ann');
  await ann.signUp(server.url, 'ann@example.org');
  const letter = join(base.path, 'letter.txt');
  writeFileSync(letter, 'dear reader');
  await ann.do('put', letter, '/letter.txt');

  const users = await runCoffer(['admin', 'users', '--data', dataDir, '--json']);
  const [user] = JSON.parse(users.stdout) as Record<string, unknown>[];
  assert.deepEqual(
    [user?.['name'], user?.['devices'], user?.['totalBytes']],
    ['ann@example.org', 1, null],
  );
  assert.ok(Number(user?.['usedBytes']) > 0);
  assert.deepEqual((await admin('stats', '--data', dataDir)).value['accounts'], 1);
  assert.equal((await admin('gc', '--data', dataDir, '--dry-run')).value['bodies'], 0);
  assert.equal((await admin('gc', '--data', dataDir)).value['bodies'], 0);
  const busy = await admin('fsck', '--data', dataDir);
  assert.equal(busy.code, 1);
  assert.match(busy.error.message, /another server works on/);

  const made = await admin('backup', backup, '--data', dataDir);
  assert.deepEqual([made.code, made.value['accounts']], [0, 1]);
  assert.equal((await admin('backup', backup, '--data', dataDir)).value['packsCopied'], 0);
  await server.stop('SIGKILL');
  rmSync(dataDir, { recursive: true });

  const back = await admin('restore', backup, '--data', restored);
  assert.equal(back.code, 0);
  assert.ok(Number(back.value['era']) > 0);
  assert.equal((await admin('restore', backup, '--data', restored)).code, 1, 'not empty any more');
  const fsck = await admin('fsck', '--data', restored, '--read-data');
  assert.deepEqual([fsck.code, fsck.value['ok'], fsck.value['findings']], [0, true, []]);
  assert.deepEqual((await admin('migrate', '--data', restored)).code, 0);
  await using again = await ServerProcess.start(restored, { port: server.port });
  assert.equal(await ann.do('cat', '/letter.txt'), 'dear reader');
  writeFileSync(letter, 'another letter');
  await ann.do('put', letter, '/second.txt');
  assert.equal(await ann.do('cat', '/second.txt'), 'another letter');
  assert.equal(await again.stop(), 0);
  assert.equal((await admin('fsck', '--data', restored, '--read-data')).code, 0);
});

test(
  'places where nothing can be kept are refused at once, with a word on what to do',
  { timeout: 30_000 },
  async () => {
    using base = new TemporaryFolder();
    const attempts = [
      ['backup', '/proc/x', '--data', base.path],
      ['restore', '/dev/zero', '--data', join(base.path, 'new')],
      ['restore', base.path, '--data', '/proc/1'],
      ['fsck', '--data', '/dev/zero'],
      ['users', '--data', '/sys'],
      ['stats', '--data', join(base.path, 'nothing')],
    ];
    for (const args of attempts) {
      const { code, error } = await admin(...args);
      assert.equal(code, 1, args.join(' '));
      assert.ok(error.message.length > 20, args.join(' '));
    }
    for (const place of ['/proc/x', '/dev/zero', '/dev/null']) {
      assert.equal((await runCoffer(['serve', '--check', '--data', place])).code, 1, place);
      assert.equal((await runCoffer(['serve', '--data', place])).code, 1, place);
    }
  },
);

test(
  'a first SIGTERM waits for a request, a second one does not',
  { timeout: 30_000 },
  async () => {
    using base = new TemporaryFolder();
    const args = ['serve', '--json', '--data', join(base.path, 'data'), '--listen', '127.0.0.1:0'];
    const child = spawn(launcher, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { url } = JSON.parse(line) as { url: string };
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket
      .resume()
      .write(
        'POST /v1/signin/start HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
      );
    await once(socket, 'connect');
    assert.equal((await fetch(`${url}/health`)).status, 200);
    child.kill('SIGTERM');
    const exited = once(child, 'exit');
    const isOver = await Promise.race([
      exited.then(() => true),
      new Promise<boolean>((resolve) => {
        setTimeout(() => resolve(false), 700);
      }),
    ]);
    assert.equal(isOver, false, 'a request is under way');
    child.kill('SIGTERM');
    const [code] = (await exited) as [number | null];
    assert.equal(code, 143);
    assert.ok(readFileSync(join(base.path, 'data', 'metadata.sqlite')).length > 0);
  },
);
