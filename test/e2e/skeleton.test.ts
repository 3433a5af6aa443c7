/**
 * The thread through every part, by real processes: a server, two devices, one folder. It is only
 * ever widened.
 */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  Device,
  filesHolding,
  PASSWORD,
  runCoffer,
  ServerProcess,
  settle,
  TemporaryFolder,
  textsOf,
  treeOf,
} from './harness.ts';

const EMAIL = 'ada@example.org';
const SECRET_NAME = 'Tagebuch-Lovelace';
const SECRET_CONTENT = 'the analytical engine weaves algebraical patterns';

test('two devices keep a folder in sync through a server that can read nothing', async (t) => {
  using base = new TemporaryFolder();
  const dataDir = join(base.path, 'server');
  await using server = await ServerProcess.start(dataDir);
  const laptop = new Device(base.path, 'laptop');
  const desktop = new Device(base.path, 'desktop');
  const onLaptop = (name: string): string => join(laptop.folder, name);
  const onDesktop = (name: string): string => join(desktop.folder, name);
  const assertEqualTrees = (): void => {
    assert.deepEqual(treeOf(desktop.folder), treeOf(laptop.folder));
  };

  await t.test('an account is made on one device and opened on the other', async () => {
    await laptop.signUp(server.url, EMAIL);
    await desktop.signIn(server.url, EMAIL);
    await laptop.do('sync', 'add', laptop.folder, '/');
    await desktop.do('sync', 'add', desktop.folder, '/');
    assert.match(readFileSync(join(laptop.home, 'words.txt'), 'utf8').trim(), /^(\w+\s+){23}\w+$/);
  });

  await t.test('what one device creates the other gets, whatever its kind', async () => {
    mkdirSync(onLaptop(`${SECRET_NAME}/2026`), { recursive: true });
    writeFileSync(onLaptop(`${SECRET_NAME}/2026/${SECRET_NAME}.txt`), SECRET_CONTENT);
    writeFileSync(onLaptop('empty'), '');
    writeFileSync(onLaptop('Grüße 🌍.txt'), 'Grüße');
    writeFileSync(onLaptop('large.bin'), Buffer.alloc(3_500_000, SECRET_CONTENT));
    writeFileSync(onLaptop('run.sh'), '#!/bin/sh\n');
    chmodSync(onLaptop('run.sh'), 0o755);
    utimesSync(onLaptop('run.sh'), 1_600_000_000.123, 1_600_000_000.123);
    symlinkSync('run.sh', onLaptop('link'));
    mkdirSync(onLaptop('empty folder'));
    await settle(laptop, desktop);
    assertEqualTrees();
    assert.equal(
      readFileSync(onDesktop(`${SECRET_NAME}/2026/${SECRET_NAME}.txt`), 'utf8'),
      SECRET_CONTENT,
    );
  });

  await t.test('the other device creates, edits, renames and deletes too', async () => {
    appendFileSync(onDesktop(`${SECRET_NAME}/2026/${SECRET_NAME}.txt`), ', like the loom');
    renameSync(onDesktop('Grüße 🌍.txt'), onDesktop('empty folder/Grüße.txt'));
    rmSync(onDesktop('empty'));
    writeFileSync(onDesktop('from desktop'), 'hello');
    await settle(desktop, laptop);
    assertEqualTrees();
    assert.equal(readFileSync(onLaptop('empty folder/Grüße.txt'), 'utf8'), 'Grüße');
    assert.equal(readFileSync(onLaptop('from desktop'), 'utf8'), 'hello');
    assert.equal(existsSync(onLaptop('empty')), false);
  });

  await t.test(
    'one device edits, deletes and renames a folder, a file in which the other edits',
    async () => {
      renameSync(onLaptop(SECRET_NAME), onLaptop(`${SECRET_NAME} neu`));
      appendFileSync(onLaptop('run.sh'), 'exit 0\n');
      rmSync(onLaptop('empty folder'), { recursive: true });
      appendFileSync(onDesktop(`${SECRET_NAME}/2026/${SECRET_NAME}.txt`), ', and flowers');
      await settle(laptop, desktop);
      assertEqualTrees();
      const text = readFileSync(onLaptop(`${SECRET_NAME} neu/2026/${SECRET_NAME}.txt`), 'utf8');
      assert.equal(text, `${SECRET_CONTENT}, like the loom, and flowers`);
      assert.equal(readFileSync(onDesktop('run.sh'), 'utf8'), '#!/bin/sh\nexit 0\n');
      assert.equal(existsSync(onDesktop('empty folder')), false);
    },
  );

  await t.test('both edit one file offline: both contents are kept, once each', async () => {
    writeFileSync(onLaptop('from desktop'), 'from the laptop');
    writeFileSync(onDesktop('from desktop'), 'from the desktop');
    await laptop.sync();
    const { code } = await desktop.run('sync', 'now');
    assert.equal(code, 3);
    await laptop.run('sync', 'now');
    assertEqualTrees();
    const contents = textsOf(laptop.folder);
    assert.equal(contents.filter((text) => text === 'from the laptop').length, 1);
    assert.equal(contents.filter((text) => text === 'from the desktop').length, 1);
  });

  await t.test('a second sync sends nothing', async () => {
    const { stdout } = await laptop.run('sync', 'now', '--json');
    const { uploaded } = JSON.parse(stdout) as { uploaded: { files: number; bytesSent: number } };
    assert.deepEqual(uploaded, { files: 0, bytes: 0, bytesSent: 0 });
  });

  await t.test('ls and status tell what is there', async () => {
    const entries = JSON.parse(await laptop.do('ls', '--json', '/')) as {
      name: string;
      kind: string;
    }[];
    assert.ok(entries.some(({ name, kind }) => name === 'large.bin' && kind === 'file'));
    const { code, stdout } = await laptop.run('status', '--json');
    const status = JSON.parse(stdout) as {
      account: { email: string };
      pairs: { local: string; conflicts: number }[];
    };
    assert.equal(code, 3);
    assert.equal(status.account.email, EMAIL);
    assert.equal(status.pairs[0]?.local, laptop.folder);
    assert.equal(status.pairs[0]?.conflicts, 1);
  });

  await t.test(
    'the server ends in order and its folder holds no name, content or password',
    async () => {
      assert.equal(await server.stop(), 0);
      const needles = [
        SECRET_NAME,
        SECRET_CONTENT.slice(0, 24),
        'Grüße',
        'run.sh',
        'large.bin',
        PASSWORD,
      ];
      assert.deepEqual(filesHolding(dataDir, needles), []);
      assert.notDeepEqual(
        filesHolding(laptop.folder, needles),
        [],
        'the search itself finds what is there',
      );
    },
  );

  await t.test('without the server a sync says so and loses nothing', async () => {
    const before = treeOf(laptop.folder);
    const { code, stderr } = await laptop.run('sync', 'now', '--timeout', '5');
    assert.equal(code, 6);
    assert.match(stderr, /^coffer: /);
    assert.deepEqual(treeOf(laptop.folder), before);
  });
});

test('a wrong password is refused with exit code 4', async () => {
  using base = new TemporaryFolder();
  await using server = await ServerProcess.start(join(base.path, 'server'));
  const laptop = new Device(base.path, 'laptop');
  await laptop.signUp(server.url, EMAIL);
  const intruder = join(base.path, 'intruder');
  const args = ['--home', intruder, 'login', '--server', server.url, '--email', EMAIL];
  const { code } = await runCoffer(args, { COFFER_PASSWORD: 'wrong horse battery staple' });
  assert.equal(code, 4);
});
