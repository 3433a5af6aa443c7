/** The desktop application on the double: what README.md says that this can show. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { builtPreload } from '@coffer/electron/build';
import { builtRenderer } from '@coffer/renderer/build';
import { TemporaryFolder } from '../e2e/harness.ts';
import { DesktopApp, launchAgain } from './launch.ts';

before(async () => {
  await builtPreload();
  await builtRenderer();
});

test('the application: windows, tray, one instance, its end', { timeout: 240_000 }, async (t) => {
  using base = new TemporaryFolder();
  const options = { home: join(base.path, 'profile'), userHome: join(base.path, 'user') };
  mkdirSync(options.userHome);
  await using app = await DesktopApp.launch(options);
  const main = await app.page('main');

  await t.test('nobody is signed in: the large window opens by itself', async () => {
    const look = await app.until(({ windows }) => windows.length === 2);
    assert.deepEqual(
      look.windows.map(({ url, isVisible }) => [url, isVisible]),
      [
        ['app://coffer/index.html?window=tray', false],
        ['app://coffer/index.html', true],
      ],
    );
    await main.getByRole('heading').first().waitFor();
  });

  await t.test('a page has one frozen object of named functions and nothing of Node', async () => {
    const seen = await main.evaluate(() => {
      const { cofferBridge, require, process } = globalThis as unknown as Record<string, object>;
      return {
        names: Object.keys(cofferBridge ?? {}).sort(),
        isFrozen: Object.isFrozen(cofferBridge),
        node: [typeof require, typeof process],
      };
    });
    assert.deepEqual(seen, {
      names: ['call', 'showFace', 'subscribe'],
      isFrozen: true,
      node: ['undefined', 'undefined'],
    });
  });

  await t.test('a call is answered through the contract, a failure with its code', async () => {
    const answers = await main.evaluate(async () => {
      const bridge = (globalThis as unknown as Record<string, { call: Function }>)['cofferBridge'];
      return [
        await bridge?.call('account', {}),
        await bridge?.call('status', {}),
        await bridge?.call('toString', {}),
        await bridge?.call('localFolders', { path: 7 }),
      ];
    });
    assert.deepEqual(
      answers.map((answer: { ok: boolean; error?: { code: string } }) =>
        answer.ok ? 'ok' : answer.error?.code,
      ),
      ['ok', 'not-signed-in', 'not-found', 'malformed'],
    );
  });

  await t.test('a page stays where it is and opens nothing of its own', async () => {
    const addresses = ['http://example.org/plain', 'https://example.org/help'];
    for (const address of addresses) {
      await main.evaluate(
        `{ const link = document.createElement('a');
           Object.assign(link, { href: '${address}', target: '_blank', id: 'out', textContent: 'out' });
           document.body.prepend(link); }`,
      );
      await main.locator('#out').click();
      await main.locator('#out').evaluate((link) => link.remove());
    }
    const look = await app.until(({ opened }) => opened.length > 0);
    assert.deepEqual(look.opened, ['https://example.org/help'], 'plain http stays closed');
    await main.evaluate("location.href = 'https://example.org/elsewhere'");
    const { navigations } = await app.until((seen) => seen.navigations.length > 0);
    assert.deepEqual(navigations, [{ url: 'https://example.org/elsewhere', isAllowed: false }]);
    assert.match(main.url(), /^https:\/\/coffer\.app\.double\.test\//);
  });

  await t.test('the tray follows the theme and opens the large window', async () => {
    const light = await app.look();
    assert.match(light.image, /tray-[a-z]+-light\.png$/);
    app.tell({ kind: 'theme', isDark: true });
    await app.until(({ image }) => image.endsWith('-dark.png'));
    app.tell({ kind: 'tray-click' });
    await app.until(({ windows }) => windows[0]?.isVisible === true);
  });

  await t.test('a second start shows the first one and ends', async () => {
    app.tell({ kind: 'close' });
    await app.until(({ windows }) => windows.every(({ isVisible }) => !isVisible));
    assert.equal(await launchAgain(options), 0);
    await app.until(({ windows }) => windows[1]?.isVisible === true);
  });

  await t.test('it ends by its menu, with the profile let go', async () => {
    const { menu } = await app.look();
    const quit = menu.at(-1)?.label ?? '';
    app.tell({ kind: 'menu', label: quit });
    assert.equal(await app.ended(), 0);
    const again = await DesktopApp.launch(options);
    await again[Symbol.asyncDispose]();
  });
});
