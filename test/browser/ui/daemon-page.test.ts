/** Goal: one real server, one real daemon, its page: what is saved is told, what is decided is done on the disk. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { builtRenderer } from '@coffer/renderer/build';
import type { Page } from 'playwright-core';
import { DaemonDevice, until } from '../../e2e/daemon-harness.ts';
import { ServerProcess, TemporaryFolder } from '../../e2e/harness.ts';
import { launchChromium } from '../chromium.ts';

/** Generous: the suites of a whole test run share the machine. */
const WITHIN_MS = 60_000;
const FILES = Array.from({ length: 24 }, (_, i) => `letter ${i + 1}.txt`);

test(
  'a page of the daemon tells of files, pauses, and puts back what disappeared',
  { timeout: 300_000 },
  async () => {
    await builtRenderer();
    using base = new TemporaryFolder();
    await using server = await ServerProcess.start(join(base.path, 'server'));
    await using device = new DaemonDevice(base.path, 'a');
    await device.signUp(server.url, 'ana@example.org');
    const letters = join(device.folder, 'Letters');
    mkdirSync(letters);
    for (const name of FILES) writeFileSync(join(letters, name), name);
    await device.do('sync', 'add', device.folder, '/Papers');
    await device.do('sync', 'now');
    await device.startDaemon();

    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ locale: 'en-GB' });
      page.setDefaultTimeout(WITHIN_MS);
      const { url } = JSON.parse(await device.do('ui', '--json')) as { url: string };
      await page.goto(url);
      await heading(page, 'Everything is in place');

      writeFileSync(join(device.folder, 'Written just now.txt'), 'hello');
      await page.getByText('Written just now.txt').waitFor();

      await page.getByRole('button', { name: 'Pause', exact: true }).click();
      await page.getByRole('menuitem', { name: 'For 2 hours' }).click();
      await heading(page, /^Paused until/);
      await page.getByRole('button', { name: 'Resume' }).click();
      await heading(page, 'Everything is in place');

      for (const name of FILES) rmSync(join(letters, name));
      await page.getByRole('heading', { name: /files disappeared from a\. Did you/ }).waitFor();
      await page.getByRole('button', { name: 'See the names' }).click();
      await page.getByRole('dialog').getByText('/Papers/Letters/letter 7.txt').waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Put them back' }).click();
      await until(
        'the letters are back',
        () => FILES.every((name) => existsSync(join(letters, name))),
        WITHIN_MS,
      );
      await heading(page, 'Everything is in place');
      assert.equal(await page.getByText('Did you delete').count(), 0);
    } finally {
      await browser.close();
    }
  },
);

async function heading(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('heading', { name, level: 1 }).waitFor();
}
