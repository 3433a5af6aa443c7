/** Goal: a person without a mouse signs up, decides and sets up; a screen reader is told what it needs. */
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { FakePage } from './fake-bridge.ts';
import { joinByPairing, recover, signInWithCode, signUp } from './first-runs-by-keyboard.ts';
import { nameOf, press, tabTo } from './keyboard.ts';
import { NOW, SCENES } from './scenes.ts';
import {
  PICTURES_WANTED,
  UiBench,
  assertNothing,
  axeFaults,
  commandsOf,
  picture,
} from './ui-page.ts';

const bench = await UiBench.start();
after(async () => {
  await bench[Symbol.asyncDispose]();
  assertNothing(bench.faults, 'errors');
});

test('signs up, keeps the words and chooses a folder by keyboard alone', () => signUp(bench));

test('signs in with a second factor: the code is asked for only when it is needed', () =>
  signInWithCode(bench));

test('joins by the words of another device, and is asked for no folder that syncs already', () =>
  joinByPairing(bench));

test('recovers a lost password by the words, and keeps nothing of the old or new ones', () =>
  recover(bench));

test('keeps one side of a conflict, then both of another, by keyboard alone', async () => {
  const page = await bench.open({ scene: 'decisions', address: '#/decide' });
  await press(page, /button "Keep only this: ThinkPad, Budget/);
  await page.getByRole('status').getByText('Kept.').waitFor();
  await page.getByRole('heading', { name: 'Budget' }).waitFor({ state: 'detached' });
  assert.match(await nameOf(page), /button/, 'the focus goes on to the next question');
  await press(page, /button "Keep both"/);
  await page.getByRole('status').getByText('Both files stay').waitFor();
  const commands = (await commandsOf(page)).map(({ input }) => input);
  assert.deepEqual(commands, [
    { path: '/Documents/Budget prévisionnel 2026-2027.ods', keep: 'mine' },
    { path: '/Documents/Ordre du jour du conseil.odt', keep: 'both' },
  ]);
  assert.equal(await page.getByText('Edited in two places').count(), 0);
});

test('the question about held deletions starts on the safe answer, and gives the focus back', async () => {
  const page = await bench.open({
    scene: 'decisions',
    address: '?window=tray',
    width: 360,
    height: 520,
  });
  await press(page, /button "See the names"/);
  await page.getByRole('dialog', { name: /1,284 files disappeared/ }).waitFor();
  assert.match(await nameOf(page), /button "Put them back"/);
  assert.equal(await page.getByText('/Archives/Courrier/pièce 3.tif').count(), 1);
  assertNothing(await axeFaults(page), 'the dialog');
  if (PICTURES_WANTED) await picture(page, 'dialog-held');
  await page.keyboard.press('Escape');
  assert.match(await nameOf(page), /button "See the names"/);
  assert.deepEqual(await commandsOf(page), []);

  await page.keyboard.press('Enter');
  await press(page, /button "Delete everywhere"/);
  await page.getByText('Being deleted').waitFor();
  assert.deepEqual(
    (await commandsOf(page)).map(({ command, input }) => [command, input]),
    [['approveHeld', { id: 'h1' }]],
  );
});

test('pauses for two hours from a menu, and resumes', async () => {
  const page = await bench.open({ scene: 'idle' });
  await press(page, /button "Pause"/);
  assert.match(await nameOf(page), /menuitem "For 30 minutes"/);
  assertNothing(await axeFaults(page), 'the menu');
  await page.keyboard.press('End');
  assert.match(await nameOf(page), /menuitem "Until I resume"/);
  await page.keyboard.press('Escape');
  assert.match(await nameOf(page), /button "Pause"/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Paused' }).waitFor();
  await press(page, /button "Resume"/);
  await page.getByRole('heading', { name: 'Everything is in place' }).waitFor();
  assert.deepEqual(
    (await commandsOf(page)).map(({ command, input }) => [command, input]),
    [
      ['pause', { forMs: 7_200_000 }],
      ['resume', {}],
    ],
  );
});

test('holds one transfer back, and lets another go on', async () => {
  const page = await bench.open({ scene: 'syncing' });
  await press(page, /button "Pause Milford/);
  await press(page, /button "Resume Entretiens/);
  assert.deepEqual(
    (await commandsOf(page)).map(({ command, input }) => [command, input]),
    [
      ['steerTransfer', { id: 't3', verb: 'pause' }],
      ['steerTransfer', { id: 't4', verb: 'resume' }],
    ],
  );
});

test('chooses folders to keep here in a tree, by arrows and space', async () => {
  const page = await bench.open({ scene: 'idle', address: '#/folders' });
  await press(page, /button "What to keep here"/);
  await tabTo(page, /treeitem .*Administratif/);
  await page.keyboard.press('ArrowDown');
  assert.match(await nameOf(page), /Laboratoire.*\[checked=mixed\]/);
  await page.keyboard.press('ArrowRight');
  await page.getByRole('treeitem', { name: /Cahiers/ }).waitFor();
  await page.keyboard.press('ArrowRight');
  assert.match(await nameOf(page), /Cahiers/);
  assertNothing(await axeFaults(page), 'the tree');
  if (PICTURES_WANTED) await picture(page, 'folders-tree');
  await page.keyboard.press('Space');
  await page.getByRole('treeitem', { name: /Cahiers/, checked: false }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Space');
  await page.getByRole('treeitem', { name: /Laboratoire/, checked: true }).waitFor();
  const calls = (await commandsOf(page)).map(({ command, input }) => [command, input['remote']]);
  assert.deepEqual(calls, [
    ['exclude', ['/Documents/Laboratoire/Cahiers']],
    ['include', ['/Documents/Laboratoire/Données brutes', '/Documents/Laboratoire/Cahiers']],
  ]);
});

test('changes its language at once, and keeps it', async () => {
  const page = await bench.open({ scene: 'idle', address: '#/settings' });
  await tabTo(page, /radio "English"/);
  await page.keyboard.press('ArrowRight');
  await page.getByRole('heading', { name: 'Réglages' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'fr');
  await page.reload();
  await page.getByRole('heading', { name: 'Réglages' }).waitFor();
});

async function tell(page: Page, news: unknown): Promise<void> {
  await page.evaluate((told) => {
    (globalThis as unknown as FakePage).fakeTell(told);
  }, news);
}

test('a screen reader hears a new state at once, new numbers after a while, on every page', async () => {
  const page = await bench.open({ scene: 'idle', address: '#/settings', width: 360 });
  const heard = (text: string) => page.getByRole('status').getByText(text, { exact: false });
  const tellStatus = (uploads: number) => {
    const [first, ...others] = SCENES.syncing.status.pairs;
    const pair = { ...first, pending: { ...first?.pending, uploads } };
    const event = { kind: 'status', status: { pairs: [pair, ...others], transfers: [] } };
    return tell(page, { kind: 'event', event: { number: 1, event } });
  };
  await heard('Everything is in place.').waitFor();
  await tellStatus(3);
  await heard('Sending 3 files').waitFor();
  await tellStatus(2);
  await page.waitForFunction('document.title.startsWith("Sending 2 files")');
  assert.equal(await heard('Sending 3 files').count(), 1, 'numbers wait');
  await page.clock.setFixedTime(Date.parse(NOW) + 10_000);
  await heard('Sending 2 files').waitFor();
  await hide(page, true);
  await tellStatus(1);
  await page.clock.setFixedTime(Date.parse(NOW) + 30_000);
  // Longer than the second after which a page that is seen looks at the clock again.
  await sleep(1500);
  assert.equal(await heard('Sending 2 files').count(), 1, 'a hidden page rests');
  await hide(page, false);
  await heard('Sending 1 file').waitFor();
  await page.getByRole('link', { name: 'Folders' }).click();
  assert.equal(await heard('Sending 1 file').count(), 1);
});

/** As if the window went behind others, or came back. */
async function hide(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(
    `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
     document.dispatchEvent(new Event('visibilitychange'))`,
  );
}

test('follows what it is told: new states, a lost connection, one that comes back', async () => {
  const page = await bench.open({ scene: 'idle' });
  const activity = { at: '2026-11-20T14:32:00Z', op: 'upload', path: 'Nouveau.txt', device: 'd1' };
  await tell(page, { kind: 'event', event: { number: 1, event: { kind: 'activity', activity } } });
  await page.getByText('Nouveau.txt').waitFor();
  await tell(page, { kind: 'lost' });
  await page.getByRole('heading', { name: 'Coffer is not running' }).waitFor();
  assert.equal(await page.getByText('Comptes 2026.ods').count(), 1, 'what is known can be read on');
  await tell(page, { kind: 'connected' });
  await page.getByRole('heading', { name: 'Everything is in place' }).waitFor();
});

test('the tray is told what to show when it changes, and offers to resume what is paused', async () => {
  const page = await bench.open({ scene: 'decisions', address: '?window=tray' });
  const faces = () => page.evaluate(() => (globalThis as unknown as FakePage).fakeFaces);
  await page.getByRole('heading', { name: /things wait for you/ }).waitFor();
  const told = (await faces()).length;
  // Longer than the second after which the page looks at the clock again.
  await sleep(2500);
  assert.equal((await faces()).length, told, 'nothing changed');
  await press(page, /button "Pause"/);
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  const last = (await faces()).at(-1);
  assert.deepEqual([last?.glyph, last?.isPaused], ['attention', true]);
});
