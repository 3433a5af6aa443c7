/**
 * From nothing to a synced folder by clicking alone, in the desktop application; then beside commands
 * and a daemon of the same profile, and back into the account without its password.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { builtPreload } from '@coffer/electron/build';
import { builtRenderer } from '@coffer/renderer/build';
import { DaemonDevice } from '../e2e/daemon-harness.ts';
import { Device, PASSWORD, ServerProcess, TemporaryFolder, treeOf } from '../e2e/harness.ts';
import { DesktopApp } from './launch.ts';
import { pairingWords, recover, removeDevice, signOutTo, walkFirstRun } from './first-run.ts';

const EMAIL = 'ada@example.org';
const NEW_PASSWORD = 'four other random words';
const IN_PLACE = 'Everything is in place';
const launcher = fileURLToPath(new URL('../../coffer', import.meta.url));

before(async () => {
  await builtPreload();
  await builtRenderer();
});

test(
  'a person signs up, chooses a folder, and finds it on another device',
  { timeout: 240_000 },
  async (t) => {
    using base = new TemporaryFolder();
    await using server = await ServerProcess.start(join(base.path, 'server'));
    // The same profile for the application and for commands.
    await using desk = new DaemonDevice(base.path, 'desk');
    const laptop = new Device(base.path, 'laptop');
    const options = { home: desk.home, userHome: join(base.path, 'user') };
    const folder = join(options.userHome, 'Photos');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'sunset.txt'), 'red and gold');
    let app = await DesktopApp.launch(options);
    let words: readonly string[] = [];
    let newWords: readonly string[] = [];
    try {
      await t.test('the first run ends with the folder in place', async () => {
        const page = await app.page('main');
        words = await walkFirstRun(page, {
          server: server.url,
          email: EMAIL,
          password: PASSWORD,
          folder,
        });
        await page.getByText('Everything is in place').first().waitFor();
      });

      await t.test('the tray says the same, in the words of the page', async () => {
        const look = await app.until(({ tooltip }) => tooltip === 'Everything is in place');
        assert.match(look.image, /tray-idle-light\.png$/);
        assert.deepEqual(
          look.menu.map(({ label }) => label),
          ['Everything is in place', 'Open Coffer', 'Pause', 'Quit Coffer'],
        );
        app.tell({ kind: 'menu', label: 'Pause' });
        await app.until(({ tooltip }) => tooltip === 'Paused');
        app.tell({ kind: 'menu', label: 'Resume' });
        await app.until(({ tooltip }) => tooltip === 'Everything is in place');
      });

      await t.test('another device gets what was in the folder', async () => {
        await laptop.signIn(server.url, EMAIL);
        await laptop.do('sync', 'add', laptop.folder, '/Photos');
        await laptop.do('sync', 'now');
        assert.deepEqual(treeOf(laptop.folder), treeOf(folder));
      });

      await t.test('commands of the same profile run in the application', async () => {
        assert.equal(await holderOf(desk), app.pid);
        const { pairs } = JSON.parse(await desk.do('status', '--json')) as {
          readonly pairs: readonly { readonly local: string }[];
        };
        assert.deepEqual(
          pairs.map(({ local }) => local),
          [folder],
        );
        assert.match(await desk.do('ls', '/Photos'), /sunset\.txt/);
        await desk.do('daemon', 'stop');
        assert.equal(await app.ended(), 0);
      });

      await t.test(
        'beside a daemon it shows what that does, and goes on when it ends',
        async () => {
          await app[Symbol.asyncDispose]();
          await desk.startDaemon();
          app = await DesktopApp.launch(options);
          await app.until(({ tooltip }) => tooltip === IN_PLACE);
          const tray = await app.page('tray');
          writeFileSync(join(folder, 'moon.txt'), 'silver');
          await tray.getByText('moon.txt').first().waitFor();
          app.tell({ kind: 'menu', label: 'Pause' });
          await app.until(({ tooltip }) => tooltip === 'Paused');
          app.tell({ kind: 'menu', label: 'Resume' });
          await app.until(({ tooltip }) => tooltip === IN_PLACE);
          assert.equal(await holderOf(desk), desk.pid);

          await desk.do('daemon', 'stop');
          await app.until(({ tooltip }) => tooltip === IN_PLACE);
          while ((await holderOf(desk)) !== app.pid);
          writeFileSync(join(folder, 'stars.txt'), 'white');
          await tray.getByText('stars.txt').first().waitFor();
        },
      );

      await t.test('who lost the password comes back by the words, and gets new ones', async () => {
        app.tell({ kind: 'menu', label: 'Open Coffer' });
        const page = await app.page('main');
        await signOutTo(page, server.url);
        const given = { email: EMAIL, words, newPassword: NEW_PASSWORD };
        newWords = await recover(page, given);
        assert.notDeepEqual(newWords, words);
        // The folder syncs again without being asked for.
        await page.getByText(IN_PLACE).first().waitFor();
      });

      await t.test('a signed-in device lets it in by 8 words', async () => {
        const page = await app.page('main');
        await signOutTo(page, server.url);
        await page.getByRole('button', { name: 'Use the words of another device' }).click();
        const pairing = spawn(launcher, ['--home', laptop.home, 'pair', '--json']);
        const [line] = (await once(createInterface({ input: pairing.stdout }), 'line')) as [string];
        const shown = JSON.parse(line) as { readonly words: readonly string[] };
        await page.getByLabel('The 8 words that it shows').fill(shown.words.join(' '));
        await page.getByRole('button', { name: 'Join' }).click();
        await page.getByText(IN_PLACE).first().waitFor();
        if (pairing.exitCode === null) await once(pairing, 'exit');
        assert.equal(pairing.exitCode, 0);
      });

      await t.test(
        'its own page lets a device in, and removes another with new words',
        async () => {
          const page = await app.page('main');
          const file = join(base.path, 'pairing-words');
          writeFileSync(file, await pairingWords(page));
          const phone = new Device(base.path, 'phone');
          const joining = ['login', '--pair', '--pair-file', file, '--server', server.url];
          await phone.do(...joining, '--device', 'phone');
          await page.getByRole('dialog', { name: 'A device has joined' }).waitFor();
          await page.getByRole('button', { name: 'Close' }).click();

          assert.equal((await laptop.run('ls', '/')).code, 0);
          newWords = await removeDevice(page, 'desktop', NEW_PASSWORD);
          await page.getByText('desktop is out').waitFor();
          assert.match((await laptop.run('ls', '/')).stderr, /removed from the account/);
          assert.match(await phone.do('ls', '/Photos'), /sunset\.txt/);
        },
      );

      await t.test('nothing of this is in the log', () => {
        const log = readFileSync(join(options.home, 'logs', 'daemon.log'), 'utf8');
        assert.match(log, /application starts/);
        const secrets = [PASSWORD, NEW_PASSWORD, EMAIL, 'sunset', ...words.map((w) => ` ${w} `)];
        assert.deepEqual(
          secrets.filter((secret) => log.includes(secret)),
          [],
        );
        // One word may be there for another reason: two that follow each other, however written, may not.
        for (const list of [words, newWords]) {
          assert.equal(list.length, 24);
          const pairs = list.slice(1).map((word, i) => `${list[i]}\\W{1,6}${word}`);
          assert.doesNotMatch(log, new RegExp(`\\b(${pairs.join('|')})\\b`));
        }
      });
    } finally {
      await app[Symbol.asyncDispose]();
    }
  },
);

/** Process of the program that has the profile. */
async function holderOf(device: Device): Promise<number | undefined> {
  const told = JSON.parse(await device.do('daemon', 'status', '--json')) as { pid?: number };
  return told.pid;
}
