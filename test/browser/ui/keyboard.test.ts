/** Goal: a person without a mouse signs up, decides and sets up; a screen reader is told what it needs. */
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { FakePage } from './fake-bridge.ts';
import { NOW, RECOVERY_WORDS, SCENES } from './scenes.ts';
import {
  PICTURES_WANTED,
  UiBench,
  assertNothing,
  axeFaults,
  commandsOf,
  picture,
} from './ui-page.ts';

const PAIRING_WORDS = 'abandon ability able about above absent absorb abstract';
const OLD_WORDS = RECOVERY_WORDS.map((word) => `old${word}`);

const bench = await UiBench.start();
after(async () => {
  await bench[Symbol.asyncDispose]();
  assertNothing(bench.faults, 'errors');
});

/** Tabs until what has the focus has this accessible name; fails after a whole round. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  const TABS_MAX = 60;
  const seen: string[] = [];
  for (let i = 0; i < TABS_MAX; i++) {
    const focused = page.locator(':focus');
    const label = (await focused.count()) === 0 ? '' : await nameOf(page);
    if (name.test(label)) return;
    seen.push(label);
    await page.keyboard.press('Tab');
  }
  assert.fail(`no way by keyboard to ${name}: ${seen.join(' | ')}`);
}

async function nameOf(page: Page): Promise<string> {
  const snapshot = await page.locator(':focus').ariaSnapshot();
  return snapshot.split('\n')[0] ?? '';
}

async function fill(page: Page, name: RegExp, text: string): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(text);
}

async function press(page: Page, name: RegExp, key = 'Enter'): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press(key);
}

test('signs up, keeps the words and chooses a folder by keyboard alone', async () => {
  const page = await bench.open({ scene: 'signedOut', failsOnce: { checkServer: 'network' } });
  const heading = page.locator('main h1');

  await press(page, /button "Go on"/);
  await page.getByText('Say which server').waitFor();
  const described = await page
    .locator('input[aria-invalid="true"]')
    .getAttribute('aria-describedby');
  assert.equal(await page.locator(`[id="${described}"]`).innerText(), 'Say which server');
  await fill(page, /textbox "Address of the server"/, 'drive.example.org');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('the server cannot be reached').waitFor();
  assertNothing(await axeFaults(page), 'a failure');
  await page.keyboard.press('Enter');

  await heading.getByText('Create your account').waitFor();
  assert.match(await nameOf(page), /heading "Create your account"/, 'read from its beginning');
  await fill(page, /textbox "E-mail"/, 'me@example.org');
  await fill(page, /textbox "Password"/, 'short');
  await page.keyboard.press('Enter');
  await page.locator('.below.wrong').getByText('At least 8 characters').waitFor();
  if (PICTURES_WANTED) await picture(page, 'wizard-account');
  await fill(page, /textbox "Password"/, 'long enough by far');
  await page.keyboard.press('Enter');

  await heading.getByText('24 words').waitFor();
  assertNothing(await axeFaults(page), 'the words');
  if (PICTURES_WANTED) await picture(page, 'wizard-words');
  assert.deepEqual(
    await page
      .locator('ol li.mono')
      .allInnerTexts()
      .then((texts) => texts.map((text) => text.split('\n').at(-1))),
    RECOVERY_WORDS,
  );
  await press(page, /checkbox "I have written them down"/, 'Space');
  await press(page, /button "Check 3 of them"/);
  await answerWords(page, () => 'wrong');
  await page
    .getByText(/This is not word/)
    .first()
    .waitFor();
  assertNothing(await axeFaults(page), 'wrong words');
  if (PICTURES_WANTED) await picture(page, 'wizard-check');
  await answerWords(page, (position) => RECOVERY_WORDS[position] ?? '');

  await heading.getByText('Which folder').waitFor();
  await fill(page, /textbox "Folder on this computer"/, '/home/me/Papers');
  if (PICTURES_WANTED) await picture(page, 'wizard-folder');
  await page.keyboard.press('Enter');
  await heading.getByText('Papers is in your coffer').waitFor();
  assertNothing(await axeFaults(page), 'the end');
  if (PICTURES_WANTED) await picture(page, 'wizard-ready');
  await press(page, /button "Open Coffer"/);
  await page.getByRole('navigation', { name: 'Sections' }).waitFor();

  const commands = (await commandsOf(page)).map(({ command }) => command);
  assert.deepEqual(commands, ['checkServer', 'checkServer', 'signUp', 'addPair']);
  assertNothing(bench.faults, 'errors');
});

test('signs in with a second factor: the code is asked for only when it is needed', async () => {
  const page = await bench.open({
    scene: 'signedOut',
    width: 360,
    failsOnce: { signIn: 'second-factor-needed' },
  });
  await fill(page, /textbox "Address of the server"/, 'drive.example.org');
  await page.keyboard.press('Enter');
  await press(page, /button "Sign in instead"/);
  await fill(page, /textbox "E-mail"/, 'me@example.org');
  await fill(page, /textbox "Password"/, 'short');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Code' }).waitFor();
  assert.match(await nameOf(page), /textbox "Code"/);
  assertNothing(await axeFaults(page), 'the code');
  await page.keyboard.type('123456');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Which folder' }).waitFor();
  const [, , again] = await commandsOf(page);
  assert.equal(again?.input['code'], '123456');
});

async function answerWords(page: Page, answer: (position: number) => string): Promise<void> {
  for (const label of await page.locator('form label').allInnerTexts()) {
    const number = Number(/\d+/.exec(label)?.[0]);
    await fill(page, new RegExp(`textbox "Word ${number}"`), answer(number - 1));
  }
  await page.keyboard.press('Enter');
}

test('joins by the words of another device, and is asked for no folder that syncs already', async () => {
  const page = await bench.open({ scene: 'signedOut', failsOnce: { joinByPairing: 'not-found' } });
  await fill(page, /textbox "Address of the server"/, 'drive.example.org');
  await page.keyboard.press('Enter');
  await press(page, /button "Sign in instead"/);
  await press(page, /button "Use the words of another device"/);
  await fill(page, /textbox "The 8 words that it shows"/, PAIRING_WORDS);
  await press(page, /button "Join"/);
  await page.getByRole('alert').getByText('no device shows these words').waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Everything is in place' }).waitFor();
  await page.getByRole('navigation', { name: 'Sections' }).waitFor();
  const given = (await commandsOf(page)).at(-1)?.input;
  assert.deepEqual(given, { server: 'https://drive.example.org', words: PAIRING_WORDS });
});

test('recovers a lost password by the words, and keeps nothing of the old or new ones', async () => {
  const page = await bench.open({
    scene: 'signedOut',
    failsOnce: { recoverAccount: 'wrong-recovery-key', settleRecovery: 'not-found' },
  });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await fill(page, /textbox "Address of the server"/, 'drive.example.org');
  await page.keyboard.press('Enter');
  await press(page, /button "Sign in instead"/);
  await fill(page, /textbox "E-mail"/, 'back@example.org');
  await press(page, /button "I have lost my password/);
  await fill(page, /textbox "Your 24 recovery words"/, '1 Anchor, 2 basket');
  await fill(page, /textbox "New password"/, 'long enough by far');
  await page.keyboard.press('Enter');
  await page.locator('.below.wrong').getByText('2 words of 24').waitFor();
  await fill(page, /textbox "Your 24 recovery words"/, OLD_WORDS.join(' ').toUpperCase());
  await press(page, /checkbox "Remove all other devices/, 'Space');
  await press(page, /button "Make new words"/);
  await page.getByRole('alert').getByText('do not belong together').waitFor();
  await press(page, /button "Make new words"/);

  await page.locator('main h1').getByText('24 words').waitFor();
  await page.getByText('Nothing has changed yet').waitFor();
  await press(page, /button "Copy"/);
  await page.getByRole('status').getByText('Copied').waitFor();
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), RECOVERY_WORDS.join(' '));
  await confirmWords(page);
  const settled = async () =>
    (await commandsOf(page)).filter(({ command }) => command === 'settleRecovery');
  // Coffer was started again meanwhile: it says so, and leads back to the beginning.
  await page.getByRole('alert').getByText('the new ones count for nothing').waitFor();
  assertNothing(await axeFaults(page), 'void words');
  await press(page, /button "Begin again"/);
  await fill(page, /textbox "Your 24 recovery words"/, OLD_WORDS.join(' '));
  await fill(page, /textbox "New password"/, 'long enough by far');
  await press(page, /checkbox "Remove all other devices/, 'Space');
  await press(page, /button "Make new words"/);
  await page.getByText('Nothing has changed yet').waitFor();
  assert.equal((await settled()).length, 1, 'nothing counts before it is confirmed');
  await confirmWords(page);
  await page.getByRole('navigation', { name: 'Sections' }).waitFor();

  const commands = await commandsOf(page);
  assert.deepEqual(commands.at(-1)?.input, { change: 'c1', isKept: true });
  assert.deepEqual(commands.at(-2)?.input, {
    server: 'https://drive.example.org',
    email: 'back@example.org',
    words: OLD_WORDS.join(' '),
    newPassword: 'long enough by far',
    revokeOthers: true,
  });
  const left = await page.evaluate(
    `document.documentElement.outerHTML + JSON.stringify({ ...localStorage, ...sessionStorage })
       + [...document.querySelectorAll('input, textarea')].map(({ value }) => value).join()`,
  );
  const words = [...OLD_WORDS, ...RECOVERY_WORDS, 'long enough'];
  assertNothing(
    words.filter((word) => new RegExp(`\\b${word}\\b`).test(String(left))),
    'secrets that stay',
  );
  assertNothing(bench.faults, 'errors');
});

async function confirmWords(page: Page): Promise<void> {
  await press(page, /checkbox "I have written them down"/, 'Space');
  await press(page, /button "Check 3 of them"/);
  await answerWords(page, (position) => RECOVERY_WORDS[position] ?? '');
}

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
