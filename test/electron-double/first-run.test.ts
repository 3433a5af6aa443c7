/** From nothing to a synced folder by clicking alone, in the desktop application. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { builtPreload } from '@coffer/electron/build';
import { builtRenderer } from '@coffer/renderer/build';
import { Device, PASSWORD, ServerProcess, TemporaryFolder, treeOf } from '../e2e/harness.ts';
import { DesktopApp } from './launch.ts';
import { walkFirstRun } from './first-run.ts';

const EMAIL = 'ada@example.org';

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
    const options = { home: join(base.path, 'profile'), userHome: join(base.path, 'user') };
    const folder = join(options.userHome, 'Photos');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'sunset.txt'), 'red and gold');
    const app = await DesktopApp.launch(options);
    try {
      await t.test('the first run ends with the folder in place', async () => {
        const page = await app.page('main');
        await walkFirstRun(page, { server: server.url, email: EMAIL, password: PASSWORD, folder });
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
        const laptop = new Device(base.path, 'laptop');
        await laptop.signIn(server.url, EMAIL);
        await laptop.do('sync', 'add', laptop.folder, '/Photos');
        await laptop.do('sync', 'now');
        assert.deepEqual(treeOf(laptop.folder), treeOf(folder));
      });
    } finally {
      await app[Symbol.asyncDispose]();
    }
  },
);
